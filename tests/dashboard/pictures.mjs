// `node pictures.mjs prepare`, then `take`: what somebody has worked on, and pictures of it.
import { statSync, writeFileSync } from 'node:fs'
import { addProduct, DASHBOARD_URL, firstVisits, launch, NAME, RECEIVER_URL, settled, SHOP_URL } from './browser.mjs'

const SCRIPT = `[0-3 s, hook]
It tastes good or it does not: 9 comments against 3. I try it uncut.

[3-8 s, problem]
Does it leak? Nine people say so, so I turn it over my white shirt.

[8-18 s, demo]
The m1racle bottle goes into my bag, full, for a whole day.

[18-27 s, payoff]
My bag is dry. Guaranteed results for everyone!`

async function prepare({ open }) {
  const page = await open('/')
  await page.goto(`${DASHBOARD_URL}/rules`)
  for (const [name, terms, severity] of [['No miracles', 'miracle', 'error'], ['No guarantees', 'guaranteed results', 'warning']]) {
    await page.getByRole('button', { name: 'Add rule' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill(name)
    await dialog.getByLabel('Severity').selectOption(severity)
    await dialog.getByLabel('Phrases').fill(terms)
    await dialog.getByLabel('What writers see').fill('Say what it does, not what it promises.')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
  }
  await page.goto(`${DASHBOARD_URL}/products`)
  await page.getByRole('button', { name: 'Add product' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('Garden stool')
  await dialog.getByLabel('Address').fill('http://127.0.0.1:9/stool')
  await dialog.getByRole('button', { name: 'Add product' }).click()
  await page.locator('.notice.bad').waitFor()
  await addProduct(page, 'Linen apron', `${SHOP_URL}/apron`)
  const id = await addProduct(page, 'Marlow Cold Brew Bottle')
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  await page.getByRole('dialog').getByLabel('Tags').fill('kitchen, summer')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.goto(`${DASHBOARD_URL}/products/${id}/scripts`)
  await page.getByRole('button', { name: 'Write one myself' }).click()
  await page.getByLabel('Title').fill('Does it leak?')
  await page.getByLabel('Text').fill(SCRIPT)
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('· saved').waitFor()
  await page.goto(`${DASHBOARD_URL}/developers/webhooks`)
  await page.getByRole('button', { name: 'Add webhook' }).click()
  await dialog.getByLabel('URL').fill(`${RECEIVER_URL}/in`)
  await dialog.getByLabel('Description').fill('Our planning board')
  await dialog.getByRole('button', { name: 'Add webhook' }).click()
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('link', { name: RECEIVER_URL }).click()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Delivered', { exact: true }).waitFor()
}

async function take({ open, visitor }) {
  // The figure first: nothing else is asked of the machine yet.
  const [{ milliseconds }] = await firstVisits(visitor, NAME, 5)
  console.log(`The first product is there ${Math.round(milliseconds)} ms after the navigation (cold cache, best of 5).`)

  const still = { reducedMotion: 'reduce', viewport: { width: 1200, height: 780 } }
  const page = await open('/products', { name: NAME }, still)
  await page.locator('.product-numbers .interval').first().waitFor()
  const picture = async (name, on = page) => {
    await settled(on)
    const path = `${process.env.IMAGES}/${name}.webp`
    const browser = await on.context().newCDPSession(on)
    const { data } = await browser.send('Page.captureScreenshot', { format: 'webp', quality: 82 })
    writeFileSync(path, Buffer.from(data, 'base64'))
    console.log(`docs/images/${name}.webp ${Math.round(statSync(path).size / 1024)} kB`)
  }
  await picture('products')
  await page.getByRole('link', { name: 'Marlow Cold Brew Bottle' }).click()
  await page.locator('.statement').waitFor()
  const { pathname } = new URL(page.url())
  await page.locator('.lead').evaluate((lead) => lead.scrollIntoView())
  await picture('pack')
  await page.goto(`${DASHBOARD_URL}${pathname}/people`)
  await picture('people')
  await page.goto(`${DASHBOARD_URL}${pathname}/history`)
  await page.locator('.chart svg path').first().waitFor({ state: 'attached' })
  await picture('history')
  await page.goto(`${DASHBOARD_URL}${pathname}/scripts`)
  await page.getByRole('link', { name: 'Does it leak?' }).click()
  await page.locator('mark.error').waitFor({ state: 'attached' })
  await picture('script')
  await page.goto(`${DASHBOARD_URL}/plan`)
  await picture('plan')
  await page.goto(`${DASHBOARD_URL}/developers/webhooks`)
  await page.getByRole('link', { name: RECEIVER_URL }).first().click()
  await page.getByText('Delivered', { exact: true }).first().waitFor()
  await picture('webhook')
  const dark = { reducedMotion: 'reduce', colorScheme: 'dark', viewport: { width: 390, height: 844 } }
  const small = await open(pathname, { name: NAME }, dark)
  await small.locator('.statement').waitFor()
  await picture('phone', small)
}

const session = await launch()
try {
  await { prepare, take }[process.argv[2]](session)
} finally {
  await session.browser.close()
}
