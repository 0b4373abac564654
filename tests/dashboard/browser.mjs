// A real browser at the dashboard: signs people in, waits for what must come, lists every request.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// The dashboard's own packages.
const require = createRequire(new URL('../../local/dashboard/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const { DASHBOARD_URL, CLERK_URL, SHOP_URL = '', RECEIVER_URL = '', NAME = 'somebody', PATIENCE = '900' } = process.env
export const SAMPLE = 'https://shop.creatorscook.example/products/cold-brew-bottle'
const PATIENCE_MILLISECONDS = Number(PATIENCE) * 1000

export async function launch() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // Containers run as root and have a small /dev/shm. Only this project's page is opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  })
  const requests = []
  const problems = []

  /** A browser of its own; signed in as `person` ({ name, org, role }), or as nobody. */
  async function visitor(person = null, options = {}) {
    const kept = (name, value) => ({ name: `creatorscook.${name}`, value })
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: 'en-US',
      storageState: {
        cookies: [],
        origins: [{
          origin: new URL(DASHBOARD_URL).origin,
          localStorage: person ? [kept('person', JSON.stringify({ org: '', role: 'admin', ...person }))] : [],
        }],
      },
      ...options,
    })
    context.setDefaultTimeout(PATIENCE_MILLISECONDS)
    context.on('request', (request) => requests.push(`${request.method()} ${request.url()}`))
    context.on('weberror', (error) => problems.push(error.error().message))
    return context
  }

  /** A page of `visitor`, at this address. */
  async function open(path = '/', person = { name: NAME }, options = {}) {
    const page = await (await visitor(person, options)).newPage()
    page.on('console', (message) => {
      // What the API refuses is told as an error, too; those are looked at where they are expected.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text())
    })
    await page.goto(DASHBOARD_URL + path)
    return page
  }

  return { browser, visitor, open, requests, problems }
}

/** Adds a product in the page and waits for its pack. */
export async function addProduct(page, name, address = SAMPLE) {
  await page.goto(`${DASHBOARD_URL}/products`)
  await page.getByRole('button', { name: 'Add product' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill(name)
  await dialog.getByLabel('Address').fill(address)
  await dialog.getByRole('button', { name: 'Add product' }).click()
  await dialog.waitFor({ state: 'hidden' })
  const row = page.locator('.product', { hasText: name })
  await row.locator('.product-numbers').waitFor()
  await row.getByRole('link', { name }).click()
  await page.locator('.statement').waitFor()
  return new URL(page.url()).pathname.split('/')[2]
}

/**
 * Visits to the list of products by new browsers, whose caches are empty, the quickest first: the
 * milliseconds from the navigation to the first product, and what was asked before it.
 */
export async function firstVisits(visitor, name, count) {
  const visits = []
  for (let round = 0; round < count; round += 1) {
    const context = await visitor({ name })
    const tab = await context.newPage()
    const asked = []
    tab.on('request', (request) => {
      if (!request.url().includes('/assets/') && request.method() !== 'OPTIONS') asked.push(new URL(request.url()).pathname)
    })
    // The page's own clock, at the moment that the row stands in the document.
    await tab.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector('.product')) return
        observer.disconnect()
        globalThis.firstProductAt = performance.now()
      }).observe(document, { childList: true, subtree: true })
    })
    await tab.goto(`${DASHBOARD_URL}/products`)
    await tab.locator('.product').first().waitFor()
    const milliseconds = await tab.evaluate(() => globalThis.firstProductAt)
    visits.push({ milliseconds, before: asked.slice(0, asked.indexOf('/rest/v1/product_overview')) })
    await context.close()
  }
  return visits.sort((a, b) => a.milliseconds - b.milliseconds)
}

/** The texts of the page that stand in six lines or more of a word or two. */
const squeezed = (page) => page.evaluate(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const found = []
  while (texts.nextNode()) {
    const range = document.createRange()
    range.selectNodeContents(texts.currentNode)
    const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size
    const text = texts.currentNode.data.trim()
    if (lines >= 6 && text.length / lines < 10) found.push(`squeezed: ${text.slice(0, 120)}`)
  }
  return found
})

/** The serious faults that axe finds on the page as it is, and texts in columns that are too narrow. */
export async function faults(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
  return [...serious, ...await squeezed(page)]
}

/** Until nothing on the page says that it loads. */
export async function settled(page) {
  await page.locator('h1, .empty').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('.loading, .page-progress'))
}

/** Tries again until the condition holds. */
export async function until(condition, what) {
  const deadline = Date.now() + PATIENCE_MILLISECONDS
  for (;;) {
    const found = await condition()
    if (found) return found
    assert.ok(Date.now() < deadline, `still waiting: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
