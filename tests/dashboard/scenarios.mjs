// What people do with the dashboard. Each function is a test of its own, for users of its own.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { addProduct, CLERK_URL, DASHBOARD_URL, faults, firstVisits, NAME, RECEIVER_URL, SHOP_URL, settled, until } from './browser.mjs'

const PAGES = ['/products', '/rules', '/brands', '/notifications', '/plan', '/audit', '/developers', '/developers/webhooks', '/connections', '/account', '/brands/none']
const TABS = ['', '/people', '/video', '/history', '/compare', '/scripts']

/** Adds a banned phrase in the form. */
async function ban(page, phrase) {
  await page.goto(`${DASHBOARD_URL}/rules`)
  await page.getByRole('button', { name: 'Add rule' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill(`No ${phrase}`)
  await dialog.getByLabel('Phrases').fill(phrase)
  await dialog.getByLabel('What writers see').fill('Promise less.')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('heading', { name: `No ${phrase}` }).waitFor()
  // What it bans, without opening it.
  await page.getByText(`“${phrase}”`).waitFor()
}

async function newScript(page, productId, text) {
  await page.goto(`${DASHBOARD_URL}/products/${productId}/scripts`)
  await page.getByRole('button', { name: 'Write one myself' }).click()
  await page.getByLabel('Text').fill(text)
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('· saved').waitFor()
  return page.url()
}

export async function signInToFinalScript({ open }) {
  const page = await open('/', null)
  await page.waitForURL('**/sign-in?*')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Use 1 to 64 letters').waitFor()
  // Whoever made the link does not choose where a person lands.
  await page.goto(`${DASHBOARD_URL}/sign-in?to=%2F%5Celsewhere.example`)
  await page.getByLabel('Name').fill(NAME)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'No products yet' }).waitFor()

  await page.getByRole('button', { name: 'Add product' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('Bottle')
  await dialog.getByLabel('Address').fill('bottle')
  await dialog.getByRole('button', { name: 'Add product' }).click()
  await dialog.getByText('This is no web address.').waitFor()
  // As the browser's own bar shows it.
  await dialog.getByLabel('Name', { exact: true }).fill('Typed by hand')
  await dialog.getByLabel('Address').fill('shop.creatorscook.example/products/bottle')
  await dialog.getByRole('button', { name: 'Add product' }).click()
  await page.locator('.product', { hasText: 'Typed by hand' }).waitFor()
  await ban(page, 'miracle')
  await addProduct(page, 'Bottle')

  // Evidence is a click away.
  const hook = page.locator('.statements li', { hasText: 'Write a script' }).first()
  await hook.getByText('Why we say this').click()
  await hook.locator('.sources[open] li').first().waitFor()
  const evidence = await hook.locator('.sources[open] li').first().innerText()

  const chosen = await hook.locator('.quote').innerText()
  await hook.getByRole('button', { name: 'Write a script' }).click()
  await page.getByLabel('Hook').waitFor()
  assert.equal(await page.getByLabel('Hook').inputValue(), chosen)
  await page.getByRole('button', { name: 'Write a draft' }).click()
  await page.locator('.rows a').first().click()
  await page.getByText('Written by a program').waitFor()
  const text = page.getByLabel('Text')
  const draft = await text.inputValue()

  await text.fill(`A m1racle.\n${draft}`)
  await page.locator('mark.error', { hasText: 'm1racle' }).waitFor({ state: 'attached' })
  await page.getByText('1 broken rule keeps it from being final.').waitFor()
  await page.keyboard.press('Control+s')
  await page.getByText('· saved').waitFor()
  await page.getByRole('button', { name: 'Make final' }).click()
  await page.locator('[data-code=script_not_compliant]').waitFor()
  await text.fill(`A bottle.\n${draft}`)
  // The refusal was of another text.
  await page.locator('[data-code=script_not_compliant]').waitFor({ state: 'detached' })
  await text.fill('[0-3 s, hook]\n(On screen: 600 ml)\nA bottle.\n#ad')
  await page.getByText('2 spoken words, about 1 s.').waitFor()
  await text.fill(`A bottle.\n${draft}`)
  await page.waitForFunction(() => !document.querySelector('mark.error'))
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('· saved').waitFor()
  await page.getByRole('button', { name: 'Make final' }).click()
  await page.getByText('The script is final.').waitFor()

  await page.locator('summary', { hasText: 'Version 1' }).click()
  await page.getByRole('button', { name: 'Restore this text' }).first().click()
  await page.getByText('Restored as a draft.').waitFor()
  assert.equal(await text.inputValue(), draft)
  return { evidence, draft }
}

export async function twoPeopleAtOnce({ open }) {
  const org = `${NAME}-org`
  const alice = await open('/', { name: `${NAME}-alice`, org })
  const product = await addProduct(alice, 'Shared bottle')
  const address = await newScript(alice, product, 'Both read this.')
  const bob = await open(new URL(address).pathname, { name: `${NAME}-bob`, org, role: 'editor' })
  assert.equal(await bob.getByLabel('Text').inputValue(), 'Both read this.')

  await alice.getByLabel('Text').fill('What Alice wrote.')
  await alice.getByRole('button', { name: 'Save', exact: true }).click()
  await alice.getByText('· saved').waitFor()
  await bob.getByLabel('Text').fill('What Bob wrote.')
  await bob.getByRole('button', { name: 'Save', exact: true }).click()
  await bob.getByRole('heading', { name: 'This script was changed elsewhere' }).waitFor()
  const shown = await bob.locator('.conflict').innerText()
  assert.ok(shown.includes('What Alice wrote.') && shown.includes('What Bob wrote.'), shown)
  await bob.getByRole('button', { name: 'Save mine over it' }).click()
  await bob.getByText('· saved').waitFor()
  await bob.locator('summary', { hasText: 'Version' }).first().click()
  assert.ok((await bob.locator('.sources[open]').innerText()).includes('What Alice wrote.'))

  await alice.goto(`${DASHBOARD_URL}/members`)
  await until(async () => (await alice.locator('.list li').count()) === 2, 'two members')
  await alice.getByRole('heading', { name: 'You', exact: true }).waitFor()
  const colleague = await alice.getByRole('heading', { name: /^Editor [0-9a-f]{4}$/ }).innerText()
  const roles = (await alice.locator('.list .chip').allInnerTexts()).sort()
  // Whose work it is.
  await alice.goto(`${DASHBOARD_URL}/products/${product}/scripts`)
  await alice.getByText(`by ${colleague}`).waitFor()
  await alice.goto(`${DASHBOARD_URL}/audit`)
  await alice.getByRole('row', { name: `${colleague} joined` }).waitFor()
  await alice.getByRole('link', { name: 'a product: Shared bottle' }).waitFor()
  await alice.getByRole('row', { name: new RegExp(`${colleague} changed a script`) }).first().getByRole('link').click()
  await alice.getByLabel('Text').waitFor()
  return roles
}

export async function rolesAreShown({ open }) {
  const org = `${NAME}-org`
  const admin = await open('/', { name: `${NAME}-admin`, org })
  const product = await addProduct(admin, 'Bottle of the organisation')
  const viewer = await open('/products', { name: `${NAME}-viewer`, org, role: 'viewer' })
  await viewer.locator('.product').waitFor()
  await viewer.getByText('Viewer', { exact: true }).waitFor()
  const seen = { add: await viewer.getByRole('button', { name: 'Add product' }).count() }
  await viewer.goto(`${DASHBOARD_URL}/products/${product}`)
  await viewer.locator('.statement').waitFor()
  seen.write = await viewer.getByRole('button', { name: /Write a script|Analyse again|Share|More/ }).count()
  await viewer.goto(`${DASHBOARD_URL}/audit`)
  await viewer.getByRole('heading', { name: 'For admins' }).waitFor()
  await viewer.goto(`${DASHBOARD_URL}/account`)
  await viewer.getByText('An admin can export the organisation.').waitFor()
  seen.delete = await viewer.getByRole('button', { name: 'Delete for good' }).count()
  await admin.goto(`${DASHBOARD_URL}/audit`)
  await admin.getByText('added a product').first().waitFor()
  return seen
}

export async function quotaIsHit({ open }) {
  const page = await open('/products')
  await page.getByRole('button', { name: 'Add product' }).first().click()
  await page.getByRole('button', { name: 'Add several at once' }).click()
  const lines = Array.from({ length: 6 }, (_, index) => `Lamp ${index}, ${SHOP_URL}/lamp${index}`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Products').fill([...lines.slice(0, 5), 'Nothing'].join('\n'))
  await dialog.getByRole('button', { name: 'Add 6 products' }).click()
  await dialog.locator('.problem-box li').waitFor()
  const perRow = await dialog.locator('.problem-box').innerText()
  assert.equal(await dialog.getByLabel('Products').inputValue(), 'Nothing')
  await dialog.getByRole('button', { name: 'Add one' }).click()
  await dialog.getByLabel('Name', { exact: true }).fill('One too many')
  await dialog.getByLabel('Address').fill(`${SHOP_URL}/many`)
  await dialog.getByRole('button', { name: 'Add product' }).click()
  const refusal = dialog.locator('[data-code=quota_exceeded]')
  await refusal.waitFor()
  const sentence = await refusal.locator('p').first().innerText()
  await refusal.getByRole('link', { name: 'See the plans' }).click()
  await page.getByText('5 of 5').waitFor()
  // Archiving gives the slot back.
  await page.goto(`${DASHBOARD_URL}/products`)
  await page.locator('.product a').first().click()
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Archive' }).click()
  await page.getByText('Archived. It keeps all it has.').waitFor()
  await page.goto(`${DASHBOARD_URL}/products`)
  await page.getByText('4 of 5 products of your plan in use').waitFor()
  return { perRow, sentence }
}

export async function failedJobSaysWhy({ open }) {
  const page = await open('/products')
  await page.getByRole('button', { name: 'Add product' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('Behind a wall')
  // A port that this stack may not read.
  await dialog.getByLabel('Address').fill('http://127.0.0.1:9/lamp')
  await dialog.getByRole('button', { name: 'Add product' }).click()
  const failed = page.locator('.notice.bad')
  await failed.waitFor()
  const shown = [await failed.getAttribute('data-code'), await failed.innerText()]
  await page.getByRole('link', { name: 'Behind a wall' }).click()
  await page.getByRole('heading', { name: 'No analysis yet' }).waitFor()
  await page.goBack()
  await page.getByRole('button', { name: 'Delete this product' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Behind a wall is deleted.').waitFor()
  await page.getByRole('heading', { name: 'No products yet' }).waitFor()
  return shown
}

export async function offlineAndBack({ open }) {
  const page = await open('/')
  const product = await addProduct(page, 'Bottle of a train')
  await newScript(page, product, 'Before the tunnel.')
  await page.context().setOffline(true)
  await page.getByText('You are offline.').waitFor()
  await page.getByLabel('Text').fill('In the tunnel.')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('is saved when you are back online').waitFor()
  await page.context().setOffline(false)
  await page.getByText('· saved').waitFor()
  await page.reload()
  await page.getByLabel('Text').waitFor()
  const kept = await page.getByLabel('Text').inputValue()
  assert.equal(await page.getByText('You are offline.').count(), 0)
  return kept
}

export async function sessionEnds({ open }) {
  const page = await open('/')
  const product = await addProduct(page, 'Bottle of a guest')
  await newScript(page, product, 'First.')
  // Clerk has ended the session: it gives no token any more.
  const tokens = `${CLERK_URL}/v1/client/sessions/**`
  await page.context().route(tokens, (route) =>
    route.fulfill({ status: 401, body: '{}', headers: { 'Access-Control-Allow-Origin': '*' } }))
  await page.goto(page.url())
  await page.getByRole('heading', { name: 'Your session has ended' }).waitFor()
  await page.context().unroute(tokens)
  await page.getByRole('button', { name: 'Sign in again' }).click()
  await page.getByLabel('Text').waitFor()
  await page.getByLabel('Text').fill('Second, not saved.')

  // Somebody else signs in in another tab: nothing of the first one may stay on the page.
  const other = await page.context().newPage()
  await other.goto(`${DASHBOARD_URL}/sign-in?switch`)
  await other.getByLabel('Name').fill(`${NAME}-other`)
  await other.getByRole('button', { name: 'Sign in' }).click()
  await other.getByRole('heading', { name: 'No products yet' }).waitFor()
  await page.getByText('This is not there, or it is not yours.').waitFor()
  const left = await page.locator('body').innerText()
  const keys = await page.evaluate(() => Object.keys(sessionStorage))
  return { isGone: !left.includes('not saved.'), keys: keys.filter((key) => key.includes('text')) }
}

export async function accountIsErased({ open }) {
  const page = await open('/')
  await addProduct(page, 'Bottle to forget')
  await page.goto(`${DASHBOARD_URL}/account`)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export everything' }).click(),
  ])
  const exported = JSON.parse(readFileSync(await download.path(), 'utf8'))
  const tab = await page.context().newPage()
  await tab.goto(`${DASHBOARD_URL}/products`)
  await tab.locator('.product').waitFor()
  await page.getByLabel(`Type ${NAME} to confirm`).fill(NAME)
  await page.getByRole('button', { name: 'Delete for good' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete for good' }).click()
  await page.waitForURL('**/sign-in*')
  // The other tab has lost its person, too.
  await tab.waitForURL('**/sign-in*')
  return exported.products.map(({ name }) => name)
}

export async function linkForStrangers({ open }) {
  const page = await open('/')
  await addProduct(page, 'Bottle to show')
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('button', { name: 'New link' }).click()
  const link = await page.getByLabel('The link.').inputValue()
  const stranger = await open(new URL(link).pathname + new URL(link).hash, null)
  await stranger.getByRole('heading', { level: 1, name: 'Bottle to show' }).waitFor()
  const statement = await stranger.locator('.statement').innerText()
  const buttons = await stranger.getByRole('button').allInnerTexts()
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('heading', { name: 'Links that are open' }).waitFor({ state: 'hidden' })
  await stranger.reload()
  await stranger.getByRole('heading', { name: 'This link has ended' }).waitFor()
  return { statement, buttons }
}

export async function everyKindOfRule({ open }) {
  const page = await open('/rules')
  await page.getByRole('button', { name: 'Copy the rules of the FTC' }).click()
  await page.locator('.list li').first().waitFor()
  const adopted = await page.locator('.list li').count()
  const fill = {
    banned_phrase: async (box) => box.getByLabel('Phrases').fill('cheap\nfree'),
    substitution: async (box) => box.getByLabel('Words').fill('cheap = affordable'),
    required_mention: async (box) => box.getByLabel('One of these').fill('Marlow'),
    max_length: async (box) => box.getByLabel('At most').fill('60'),
    regex: async (box) => box.getByRole('textbox', { name: 'Pattern', exact: true }).fill('[0-9]+ %'),
    tone: async (box) => box.getByLabel('Should sound').fill('calm'),
    reading_level: async (box) => box.getByLabel('At most').fill('8'),
    competitor_mention: async (box) => box.getByLabel('Names').fill('Acme'),
    hashtags: async (box) => box.getByLabel('At most').fill('3'),
    emoji: async (box) => box.getByLabel('At most').fill('2'),
    rubric: async (box) => box.getByLabel('Question').fill('Does it sound honest?'),
    all_of: async (box) => box.getByLabel('Phrases').fill('a b'),
    any_of: async (box) => box.getByLabel('Phrases').fill('c d'),
    not: async (box) => box.getByLabel('Phrases').fill('e f'),
  }
  const saved = []
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Add rule' }).click()
  const kinds = await dialog.getByLabel('Kind').first().locator('option').evaluateAll((options) => options.map(({ value }) => value))
  for (const kind of kinds) {
    if (!(await dialog.count())) await page.getByRole('button', { name: 'Add rule' }).click()
    await dialog.getByLabel('Name', { exact: true }).fill(`Rule ${kind}`)
    await dialog.getByLabel('Kind').first().selectOption(kind)
    await fill[kind]?.(dialog)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('heading', { name: `Rule ${kind}`, exact: true }).waitFor()
    saved.push(kind)
  }
  // A refusal marks its field.
  await page.getByRole('button', { name: 'Add rule' }).click()
  await dialog.getByLabel('Name', { exact: true }).fill('Empty')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByLabel('Phrases').and(page.locator('[aria-invalid=true]')).waitFor()
  const refusal = await dialog.locator('.problem').innerText()
  return { adopted, saved: saved.length, kinds: kinds.length, refusal }
}

/** What a person finds who asks what to film, and why. */
export async function reasonsSayMore({ open }) {
  const page = await open('/')
  const product = await addProduct(page, 'Bottle to film')
  await page.getByRole('heading', { name: 'What to film' }).waitFor()
  const posts = await page.locator('.card').filter({ has: page.getByRole('heading', { name: 'Posts that stood out' }) }).locator('.statements > li').allInnerTexts()
  await page.goto(`${DASHBOARD_URL}/products/${product}/people`)
  await page.locator('.theme').first().waitFor()
  const lines = await page.locator('.themes .statements > li').evaluateAll((items) =>
    items.map((item) => [item.querySelector('.theme span').textContent, [...item.querySelectorAll('.sources li')].map((each) => each.lastChild.textContent.trim())]))
  return { posts, lines }
}

/** How far the tabs fade at their end: as they open, and at their last one. */
export async function tabsGoOn({ open }) {
  const wide = await open('/')
  const product = await addProduct(wide, 'Bottle in a hand')
  const narrow = await open(`/products/${product}`, { name: NAME }, { viewport: { width: 390, height: 844 } })
  const fade = async (page) => {
    await page.locator('.tabs').waitFor()
    return await page.locator('.tabs').evaluate((tabs) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(getComputedStyle(tabs).getPropertyValue('--after'))))))
  }
  const found = [await fade(wide), await fade(narrow)]
  await narrow.getByRole('link', { name: /^Scripts/ }).click()
  await narrow.waitForURL('**/scripts')
  await until(async () => (await fade(narrow)) === '0px', 'the last tab without a fade')
  return found
}

export async function historyAndCompetitors({ open }) {
  const page = await open('/')
  const first = await addProduct(page, 'Bottle today')
  await page.getByRole('button', { name: 'Analyse again' }).click()
  await page.locator('.job').waitFor()
  await page.locator('.job').waitFor({ state: 'hidden' })
  await page.goto(`${DASHBOARD_URL}/products/${first}/history`)
  // The line of two equal numbers has no height.
  await page.locator('.chart svg .recharts-line path').first().waitFor({ state: 'attached' })
  const points = await page.locator('tbody tr').count()
  await page.getByRole('button', { name: 'Mood' }).click()
  await page.locator('.chart[aria-label^=Mood]').waitFor()
  await addProduct(page, 'Rival')
  await page.goto(`${DASHBOARD_URL}/products/${first}/compare`)
  await page.getByLabel('Product', { exact: true }).selectOption({ label: 'Rival' })
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('row', { name: /Rival/ }).waitFor()
  const rows = await page.locator('.comparison tbody tr').count()
  await page.getByRole('button', { name: 'Remove Rival' }).click()
  await page.getByRole('heading', { name: 'No competitors yet' }).waitFor()
  return { points, rows }
}

export async function listIsFiltered({ open }) {
  const page = await open('/')
  await page.goto(`${DASHBOARD_URL}/brands`)
  await page.getByLabel('Name of the brand').fill('Marlow')
  await page.getByRole('button', { name: 'Add brand' }).click()
  await page.getByRole('heading', { name: 'Marlow' }).waitFor()
  const id = await addProduct(page, 'Cold 100% bottle')
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Brand').selectOption({ label: 'Marlow' })
  await dialog.getByLabel('Tags').fill('kitchen, Summer')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await addProduct(page, 'Warm lamp')
  const shown = async (path, count) => {
    await page.goto(`${DASHBOARD_URL}/products${path}`)
    await settled(page)
    await until(async () => (await page.locator('.product').count()) === count, `${count} products at ${path}`)
    return (await page.locator('.product h2').allInnerTexts()).sort()
  }
  const found = {
    search: await shown('?q=100%25', 1), none: await shown('?q=ice', 0), tag: await shown('?tag=summer', 1),
    all: await shown('', 2),
  }
  await page.getByLabel('Brand').selectOption({ label: 'Marlow' })
  await until(async () => (await page.locator('.product').count()) === 1, 'one of the brand')
  await page.goto(`${DASHBOARD_URL}/products/${id}`)
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitemradio', { name: 'Watched weekly' }).click()
  found.watch = await page.locator('[data-code=quota_exceeded] p').first().innerText()
  return found
}

export async function planIsBought({ open }) {
  const page = await open('/plan')
  await page.context().route('https://checkout.stripe.test/**', (route) => route.fulfill({ body: 'A page of Stripe' }))
  const card = page.getByRole('region', { name: 'Creator' })
  const prices = [await card.locator('.price').innerText()]
  await page.getByRole('button', { name: 'Yearly' }).click()
  prices.push(await card.locator('.price').innerText())
  await card.getByRole('button', { name: 'Choose Creator' }).click()
  await page.waitForURL('https://checkout.stripe.test/**')
  await page.goto(`${DASHBOARD_URL}/billing/success`)
  await until(async () => {
    await page.reload()
    await page.locator('.empty').waitFor()
    return (await page.locator('.empty').innerText()).includes('creator')
  }, 'the plan')
  await page.goto(`${DASHBOARD_URL}/plan`)
  await page.getByText('You have the plan Creator.').waitFor()
  const renewal = await page.getByText('Your subscription is active.').innerText()
  await page.getByRole('button', { name: 'Change or cancel' }).waitFor()
  const days = (Date.parse(renewal.match(/on (.*)\.$/)[1]) - Date.now()) / 86_400_000
  return { prices, days, buttons: await page.getByRole('button', { name: /^Choose/ }).count() }
}

export async function notificationsAreRead({ open }) {
  const page = await open('/products')
  await page.getByRole('link', { name: '2 new' }).click()
  await page.getByText('The video of Bottle is a breakout now.').waitFor()
  await page.getByText(/^The analysis of “.+” is done\. It stands out more than [\d.]+ of 100 posts\./).waitFor()
  const spanish = await open('/notifications', { name: NAME }, { locale: 'es-ES' })
  await spanish.getByText(/^El análisis de «.+» ha terminado\. Destaca más que [\d,]+ de 100 publicaciones\./).waitFor()
  await page.getByRole('button', { name: 'Mark all as read' }).click()
  await page.getByRole('button', { name: 'Mark all as read' }).waitFor({ state: 'hidden' })
  return await page.locator('.bell').count()
}

export async function tiktokIsRefusedInASentence({ open }) {
  const page = await open('/connections')
  await page.getByRole('button', { name: 'Connect TikTok' }).click()
  await page.locator('[data-code=tiktok_not_configured]').waitFor()
  await page.goto(`${DASHBOARD_URL}/connections?state=${'a'.repeat(43)}&code=b`)
  const box = page.locator('.problem-box')
  await box.waitFor()
  return await box.getAttribute('data-code')
}

/** Every page and dialog as it looks there: serious faults, what is wider than the page, what moves. */
async function visitAll({ open, visitor }, looks) {
  const found = []
  const note = (...texts) => texts.forEach((text) => {
    console.error(text)
    found.push(text)
  })
  const page = await open('/')
  const id = await addProduct(page, 'Bottle for everybody')
  await ban(page, 'miracle')
  await newScript(page, id, 'A miracle, and an honest lamp.')
  await page.locator('mark.error').waitFor({ state: 'attached' })
  const script = new URL(page.url()).pathname
  await page.goto(`${DASHBOARD_URL}/developers/webhooks`)
  await page.getByRole('button', { name: 'Add webhook' }).click()
  await page.getByRole('dialog').getByLabel('URL').fill(`${RECEIVER_URL}/axe`)
  await page.getByRole('dialog').getByRole('button', { name: 'Add webhook' }).click()
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('link', { name: RECEIVER_URL }).click()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Delivered', { exact: true }).waitFor()
  const webhook = new URL(page.url()).pathname
  await page.goto(`${DASHBOARD_URL}/developers`)
  await page.getByRole('button', { name: 'New API key' }).click()
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Agent')
  await page.getByRole('button', { name: 'Make the key' }).click()
  await page.getByLabel('The key').waitFor()
  note(...(await faults(page)).map((fault) => `a key: ${fault}`))
  const paths = ['/sign-in?switch', '/shared', ...PAGES, ...TABS.map((tab) => `/products/${id}${tab}`), script, webhook]
  const tab = await (await visitor({ name: NAME }, { ...looks, reducedMotion: 'reduce' })).newPage()
  for (const path of paths) {
    await tab.goto(DASHBOARD_URL + path)
    await settled(tab)
    // What a click shows must fit, too.
    await tab.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true }))
    note(...(await faults(tab)).map((fault) => `${path}: ${fault}`))
    const spare = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (spare > 0) note(`${path}: ${spare} px wider than the page`)
    const moving = await tab.evaluate(() => document.getAnimations().length)
    if (moving) note(`${path}: ${moving} animations with reduced motion`)
  }
  for (const [path, button] of [['/products', 'Add product'], ['/rules', 'Add rule'], [`/products/${id}`, 'Share'], ['/developers', 'New API key'], ['/developers/webhooks', 'Add webhook'], [webhook, 'New secret']]) {
    await tab.goto(DASHBOARD_URL + path)
    await settled(tab)
    await tab.getByRole('button', { name: button }).first().click()
    await tab.getByRole('dialog').waitFor()
    note(...(await faults(tab)).map((fault) => `dialog ${button}: ${fault}`))
  }
  // What looks for faults finds one.
  await tab.evaluate(() => document.querySelector('[role=dialog]').insertAdjacentHTML('beforeend', '<button></button>'))
  const [planted = ''] = await faults(tab)
  assert.ok(planted.startsWith('button-name'), planted)
  return { pages: paths.length, found }
}

export const pagesAreAccessible = (session) => visitAll(session, { colorScheme: 'light' })

export const pagesFitADarkPhone = (session) =>
  visitAll(session, { colorScheme: 'dark', viewport: { width: 360, height: 740 } })

export async function keyboardIsEnough({ open }) {
  const page = await open('/products')
  await page.getByRole('heading', { name: 'No products yet' }).waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content')
  await page.keyboard.press('Enter')
  const reach = async (name) => {
    for (let steps = 0; steps < 60; steps += 1) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate(() => document.activeElement.textContent)) === name) return steps
    }
    assert.fail(`Tab does not reach ${name}`)
  }
  await reach('Add product')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('name')), 'name')
  await page.keyboard.type('Bottle')
  await page.keyboard.press('Tab')
  await page.keyboard.type('http://127.0.0.1:9/bottle')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('link', { name: 'Bottle' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Add product' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  return await page.evaluate(() => document.activeElement.textContent)
}

export async function anotherLanguage({ open }) {
  const page = await open('/products', { name: NAME }, { locale: 'es-ES' })
  await page.getByRole('heading', { name: 'Aún no hay productos' }).waitFor()
  const seen = [await page.evaluate(() => document.documentElement.lang)]
  await page.getByRole('button', { name: 'Añadir producto' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Nombre', { exact: true }).fill('Botella')
  await dialog.getByLabel('Dirección').fill('nada')
  await dialog.getByRole('button', { name: 'Añadir producto' }).click()
  seen.push(await dialog.locator('.problem').innerText())
  await page.goto(`${DASHBOARD_URL}/account`)
  await page.getByLabel('Idioma de los packs').selectOption('es')
  await page.getByText('Guardado.').waitFor()
  await page.getByLabel('Idioma de estas páginas').selectOption('en')
  await page.getByRole('heading', { name: 'This browser' }).waitFor()
  const id = await addProduct(page, 'Botella')
  await page.goto(`${DASHBOARD_URL}/products/${id}`)
  seen.push(await page.locator('.pack').getAttribute('lang'))
  return seen
}

/** What is asked, one after the other, until the first product is there. */
export async function firstData({ open, visitor }) {
  const page = await open('/')
  await addProduct(page, 'Bottle in a hurry')
  return (await firstVisits(visitor, NAME, 1))[0]
}

/** A key is made, used as a server would, seen as used, and revoked. */
export async function apiKeysAreMadeAndRevoked({ open }) {
  const page = await open('/developers')
  await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  await page.getByRole('button', { name: 'New API key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const refusal = await dialog.locator('.problem').innerText()
  await dialog.getByLabel('Name', { exact: true }).fill('Nightly import')
  await dialog.getByLabel('It may').selectOption('write')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const secret = await dialog.getByLabel('The key').inputValue()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await dialog.getByRole('button', { name: 'Copy' }).click()
  await page.getByText('Copied.').waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret)
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  await dialog.waitFor({ state: 'hidden' })
  const row = page.locator('.list li')
  await row.getByText(`cck_…${secret.slice(-4)}`).waitFor()
  await row.getByText('never used').waitFor()
  assert.ok(!(await page.content()).includes(secret))

  // A server's request, not the page's.
  const exchange = () => fetch(`${DASHBOARD_URL}/auth/session`, { method: 'POST', headers: { authorization: `Bearer ${secret}` } })
  const statuses = [(await exchange()).status]
  await page.reload()
  await row.getByText('last used').waitFor()
  const chips = await row.locator('.chip').allInnerTexts()
  await row.getByRole('button', { name: 'Revoke Nightly import' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click()
  await row.getByText('Revoked', { exact: true }).waitFor()
  statuses.push((await exchange()).status)
  return { refusal, chips, statuses, buttons: await row.getByRole('button').count() }
}

/** An endpoint is added, tested, given another secret, disabled and enabled; a broken one says what it answered. */
export async function webhooksAreAddedAndTested({ open }) {
  const page = await open('/developers/webhooks')
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor()
  const dialog = page.getByRole('dialog')
  const add = async (url) => {
    await page.getByRole('button', { name: 'Add webhook' }).click()
    await dialog.getByLabel('URL').fill(url)
    await dialog.getByRole('button', { name: 'Add webhook' }).click()
  }
  await add('http://example.com/in')
  const refusal = await dialog.locator('.problem').innerText()
  await page.keyboard.press('Escape')
  await add(`${RECEIVER_URL}/${NAME}`)
  const secrets = [await dialog.getByLabel('The secret').inputValue()]
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('link', { name: `${RECEIVER_URL}/${NAME}` }).click()
  await page.getByRole('heading', { name: 'Nothing was posted yet' }).waitFor()

  await page.getByRole('button', { name: 'Edit' }).click()
  await dialog.getByLabel('All events').uncheck()
  assert.ok(await dialog.getByRole('button', { name: 'Save' }).isDisabled())
  await dialog.getByLabel('Sold out').check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Gets: Sold out').waitFor()

  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Delivered', { exact: true }).waitFor()
  const delivered = await page.locator('.rows li > p').first().innerText()
  await page.getByText('What is posted').click()
  const payload = JSON.parse(await page.locator('.rows pre').innerText())

  await page.getByRole('button', { name: 'New secret' }).click()
  await dialog.getByRole('button', { name: 'Make a secret' }).click()
  secrets.push(await dialog.getByLabel('The secret').inputValue())
  await dialog.getByText('The old secret signs until').waitFor()
  await dialog.getByRole('button', { name: 'I have kept it' }).click()

  await page.getByRole('button', { name: 'Disable' }).click()
  await page.getByText('An admin has disabled it.').waitFor()
  await page.getByRole('button', { name: 'Enable' }).click()
  await page.getByRole('button', { name: 'Send a test' }).waitFor()

  await page.goto(`${DASHBOARD_URL}/developers/webhooks`)
  await add(`${RECEIVER_URL}/broken/${NAME}`)
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('link', { name: `${RECEIVER_URL}/broken/${NAME}` }).click()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Is tried again').waitFor()
  const failed = await page.locator('.rows li > p').first().innerText()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('The webhook is deleted.').waitFor()
  // Until the list is read again it shows both.
  await page.getByRole('link', { name: `${RECEIVER_URL}/broken/${NAME}` }).waitFor({ state: 'hidden' })
  await page.getByRole('link', { name: `${RECEIVER_URL}/${NAME}` }).waitFor()
  return { refusal, delivered, type: payload.type, secrets, failed, left: await page.locator('.list li').count() }
}

/** What an editor of an organisation sees of keys and webhooks. */
export async function keysAreForAdmins({ open }) {
  const org = `${NAME}-org`
  const admin = await open('/products', { name: `${NAME}-admin`, org })
  await admin.getByRole('link', { name: 'Developers' }).click()
  await admin.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  const editor = await open('/developers/webhooks', { name: `${NAME}-editor`, org, role: 'editor' })
  await editor.getByRole('heading', { name: 'For admins' }).waitFor()
  return {
    links: await editor.getByRole('link', { name: 'Developers' }).count(),
    buttons: await editor.locator('main').getByRole('button').count(),
  }
}

/** The pack as files. */
export async function packIsDownloaded({ open }) {
  const page = await open('/')
  await addProduct(page, 'Bottle 0,5 l: «frío»')
  const headline = await page.locator('.statement').innerText()
  const found = []
  for (const kind of ['Markdown', 'CSV']) {
    await page.getByRole('button', { name: 'Download', exact: true }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: kind }).click(),
    ])
    const text = readFileSync(await download.path(), 'utf8')
    found.push({ name: download.suggestedFilename(), start: text.slice(0, 10), hasHeadline: text.includes(headline) })
  }
  return found
}

/** A page that states too little: the pack says so, and so does the draft that was asked for. */
export async function packWithoutScript({ open }) {
  const page = await open('/')
  const id = await addProduct(page, 'Vase', `${SHOP_URL}/bare`)
  const said = await page.locator('.card', { hasText: 'Script, beat by beat' }).innerText()
  await page.goto(`${DASHBOARD_URL}/products/${id}/scripts`)
  await page.getByRole('button', { name: 'Write a draft' }).click()
  const failed = page.locator('.notice.bad[data-code=too_little_data]')
  await failed.waitFor()
  const text = await failed.innerText()
  await failed.getByRole('button', { name: 'Analyse again' }).waitFor()
  await page.getByRole('button', { name: 'Write one myself' }).click()
  await page.getByLabel('Text').waitFor()
  return { said, text }
}

/** What changed, values with units and patterns of own posts, in the words of both languages. */
export async function documentsInWords({ open }) {
  const found = {}
  for (const [locale, names] of [['en-US', ['What the page states', 'Patterns of the creator’s own posts']], ['es-ES', ['Lo que dice la página', 'Patrones de las publicaciones propias']]]) {
    const page = await open('/products', { name: NAME }, { locale })
    await page.locator('.product a').first().click()
    await page.locator('.changes').waitFor()
    const changes = await page.locator('.changes .chip').allInnerTexts()
    const facts = await page.locator('.card', { has: page.getByRole('heading', { name: names[0], exact: true }) }).locator('dl > div').allInnerTexts()
    await page.goto(`${page.url()}/video`)
    await page.getByRole('heading', { name: names[1], exact: true }).waitFor()
    const patterns = await page.locator('.card', { has: page.getByRole('heading', { name: names[1], exact: true }) }).locator('li > p').allInnerTexts()
    found[locale.slice(0, 2)] = { changes, facts: facts.map((fact) => fact.split('\n').slice(0, 2).join(': ')), patterns }
  }
  return found
}

/** What is typed while a save is on its way stays in the page, and is saved next. */
export async function typingWhileSaving({ open }) {
  const page = await open('/')
  const id = await addProduct(page, 'Bottle of a fast writer')
  await newScript(page, id, 'First.')
  let release
  const isHeld = new Promise((resolve) => { release = resolve })
  await page.route('**/rest/v1/scripts?*', async (route) => {
    if (route.request().method() === 'PATCH') await isHeld
    await route.continue()
  })
  await page.getByLabel('Text').fill('First. Second.')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByLabel('Text').fill('First. Second. Third.')
  release()
  await page.getByText('Version 3 · not saved yet').waitFor()
  const kept = await page.getByLabel('Text').inputValue()
  await page.getByRole('button', { name: 'Save and make final' }).click()
  await page.getByText('The script is final.').waitFor()
  await page.reload()
  return { kept, saved: await page.getByLabel('Text').inputValue() }
}

/** An account with all the keys it may have, and an endpoint whose secret was never made. */
export async function keysAreUsedUp({ open }) {
  const page = await open('/developers')
  await page.locator('.list li').nth(19).waitFor()
  await page.getByRole('button', { name: 'New API key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('One too many')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const refusals = [await dialog.locator('[data-code=too_many_keys]').innerText()]
  await page.goto(`${DASHBOARD_URL}/developers/webhooks`)
  await page.locator('.list a').click()
  await page.getByRole('button', { name: 'Send a test' }).click()
  refusals.push(await page.locator('[data-code=webhook_without_secret]').innerText())
  await page.getByRole('button', { name: 'New secret' }).click()
  await dialog.getByRole('button', { name: 'Make a secret' }).click()
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('Delivered', { exact: true }).waitFor()
  return refusals
}
