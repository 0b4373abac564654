// Opens pages of docs/frontend.md in Chromium; prints what people see there as one JSON object.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { chromium } from 'playwright-core'

const { COMPILED, CLIENT, API_URL, CLERK_URL, ANON_KEY, PRODUCT_URL, SLOW_URL, CHROMIUM } = process.env
const WAIT_MILLISECONDS = 120_000
const supabase = dirname(dirname(createRequire(import.meta.url).resolve('@supabase/supabase-js')))
const report = {}

// The import map of the client's README, with files of this machine.
const page = `<!doctype html><title>Shop</title>
<script src="/supabase.js"></script>
<script type="importmap">{ "imports": {
  "@supabase/supabase-js": "/supabase.mjs",
  "@creatorscook/client": "/client/index.js",
  "@creatorscook/client/dev-clerk": "/client/dev-clerk.js"
} }</script>
<p role="alert" id="problem"></p>
<form id="form"><input name="name"><input name="source_url"><button>Add</button><p role="alert"></p></form>
<ul id="list"></ul>
<textarea id="text"></textarea><p id="marked"></p>`
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript' }
const server = createServer(async ({ url }, response) => {
  if (url === '/') {
    response.setHeader('Content-Type', 'text/html')
    return response.end(page)
  }
  response.setHeader('Content-Type', types[extname(url)] ?? 'text/plain')
  if (url === '/supabase.mjs') return response.end('export const { createClient } = globalThis.supabase')
  const file = url.startsWith('/client/')
    ? join(CLIENT, url.slice(8))
    : url === '/supabase.js' ? join(supabase, 'dist/umd/supabase.js') : join(COMPILED, url)
  response.end(await readFile(file).catch(() => ''))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  // A name that is not of this machine, as a page elsewhere would have.
  args: ['--no-sandbox', '--host-resolver-rules=MAP shop.example 127.0.0.1'],
})
const settings = { apiUrl: API_URL, anonKey: ANON_KEY }

async function open(origin) {
  const context = await browser.newContext()
  context.setDefaultTimeout(WAIT_MILLISECONDS)
  const tab = await context.newPage()
  tab.on('pageerror', (error) => console.error(error))
  await tab.goto(origin)
  await tab.evaluate(async () => {
    window.api = await import('@creatorscook/client')
    window.devClerk = (await import('@creatorscook/client/dev-clerk')).devClerk
  })
  return tab
}

/** Which origins may sign in, and what they read. */
async function origins() {
  report.origins = {}
  for (const host of ['127.0.0.1', 'localhost', 'shop.example']) {
    const tab = await open(`http://${host}:${port}/`)
    report.origins[host] = await tab.evaluate(async ([settings, clerkUrl]) => {
      const clerk = devClerk(clerkUrl, 'visitor', { org: 'acme', role: 'editor' })
      const client = api.connect(settings, clerk.session.getToken)
      const { data, error } = await api.account(client)
      return data ? data.role : api.advice(error).then
    }, [settings, CLERK_URL])
    await tab.context().close()
  }
}

/** What the edge says is refused, by itself and in its place. */
async function refusals(tab) {
  let exchanges = 0
  let answer
  await tab.route('**/auth/session', (route) => {
    if (route.request().method() === 'POST') exchanges++
    return answer && route.request().method() === 'POST' ? route.fulfill(answer) : route.continue()
  })
  const ask = (token) => tab.evaluate(async ([settings, clerkUrl, token]) => {
    const given = token ?? (await devClerk(clerkUrl, 'alice').session.getToken())
    const client = api.connect(settings, () => given)
    const began = performance.now()
    const { error } = await api.listProducts(client)
    const milliseconds = performance.now() - began
    return { milliseconds, code: error.code, ...api.advice(error) }
  }, [settings, CLERK_URL, token])
  report.refusals = {}
  for (const [status, code, after] of [
    [200, 'real'], [401, 'invalid_token'], [403, 'account_deleted'], [402, 'quota_exceeded'],
    [429, 'rate_limited', '7'], [503, 'sign_in_unavailable', '5'],
  ]) {
    exchanges = 0
    answer = status === 200 ? undefined : {
      status,
      headers: {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Expose-Headers': 'Retry-After',
        ...(after && { 'Retry-After': after }),
      },
      contentType: 'application/problem+json',
      body: JSON.stringify({ status, code, detail: 'A sentence.' }),
    }
    const seen = await ask(status === 200 ? 'no.clerk.token' : undefined)
    report.refusals[code] = { exchanges, ...seen }
  }
  await tab.unroute('**/auth/session')
}

/** The page of plain.js: what alice adds, what bob then sees. */
async function persons(tab) {
  await tab.evaluate(async ([settings, clerkUrl]) => {
    const { showProducts } = await import('/plain.js')
    const { alice, editor } = await import('/dev.js')
    Object.assign(window, { alice, editor, clerk: { session: alice.session } })
    const part = (id) => document.getElementById(id)
    window.refresh = showProducts(clerk, settings, {
      form: part('form'), list: part('list'), problem: part('problem'),
    })
    await refresh()
  }, [settings, CLERK_URL])
  await tab.fill('[name=name]', 'Secret lamp')
  await tab.fill('[name=source_url]', PRODUCT_URL)
  await tab.click('button')
  await tab.locator('li', { hasText: /Secret lamp: Secret lamp/ }).waitFor()
  report.shown = await tab.locator('li').allTextContents()

  // From here on nobody may see or send what is alice's.
  const subjects = []
  tab.on('request', (request) => {
    const bearer = request.headers().authorization?.split('.')[1]
    if (bearer && request.url().includes('/rest/')) subjects.push(JSON.parse(atob(bearer)).sub)
  })
  let release
  const held = new Promise((resolve) => (release = resolve))
  await tab.route('**/rest/v1/product_overview*', async (route) => {
    const answer = await route.fetch()
    await held
    await route.fulfill({ response: answer })
  })
  await tab.evaluate(() => void (window.late = refresh()))
  await tab.waitForRequest('**/rest/v1/product_overview*')
  const [hers] = await until(() => subjects.length && subjects)
  await tab.evaluate(() => (clerk.session = null))
  release()
  await tab.evaluate(() => late)
  report.signedOut = [await tab.locator('li').count(), await tab.locator('#problem').textContent()]
  await tab.unroute('**/rest/v1/product_overview*')
  subjects.length = 0
  await tab.evaluate(() => refresh())
  report.nobody = [await tab.locator('li').count(), await tab.locator('#problem').textContent()]
  await tab.evaluate(() => (clerk.session = editor.session, refresh()))
  await until(() => subjects.length > 1)
  report.next = {
    rows: await tab.locator('li').count(),
    problem: await tab.locator('#problem').textContent(),
    isHers: subjects.includes(hers),
  }
  await tab.evaluate(() => (clerk.session = alice.session, refresh()))
  report.back = await tab.locator('li').count()
}

async function until(isThere) {
  const deadline = Date.now() + WAIT_MILLISECONDS
  for (;;) {
    const found = await isThere()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`never became true: ${isThere}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A watch in a browser that has no Realtime, left and followed to its end. */
async function watching(tab) {
  report.watching = await tab.evaluate(async ([settings, slow]) => {
    const client = api.connect(settings, alice.session.getToken)
    const { data } = await api.addProduct(client, { name: 'Mug', source_url: slow })
    const left = new AbortController()
    const seen = []
    const watched = api.followJob(client, data.job_id, () => seen.push(left.abort()), left.signal)
    const gone = api.followJob(client, data.job_id)
    const ended = [await watched, seen.length]
    await client.from('products').delete().eq('id', data.id)
    return [...ended, await gone]
  }, [settings, SLOW_URL])
}

/** The pages of refusals.ts and editor.ts. */
async function forms(tab) {
  report.form = await tab.evaluate(async ([settings]) => {
    const { refuse } = await import('/refusals.js')
    const { markWhileTyping } = await import('/editor.js')
    const client = api.connect(settings, alice.session.getToken)
    const form = document.getElementById('form')
    let signedIn = 0
    const { error } = await api.addProduct(client, { name: 'Lamp', source_url: 'lamp' })
    refuse(form, error, () => signedIn++)
    const nobody = await api.listProducts(api.connect(settings))
    const invalid = form.querySelector('[aria-invalid]').name
    const shown = form.querySelector('[role=alert]').textContent
    refuse(form, nobody.error, () => signedIn++)
    await api.saveRule(client, 'No miracles', {
      kind: 'banned_phrase', severity: 'error', message: 'Promise less.', params: { terms: ['miracle'] },
    })
    markWhileTyping(client, document.getElementById('text'), document.getElementById('marked'))
    return { invalid, shown, signedIn }
  }, [settings])
  await tab.fill('#text', 'A miracle lamp')
  const mark = tab.locator('#marked mark')
  await mark.waitFor()
  report.mark = [await mark.textContent(), await mark.getAttribute('title')]
}

const tab = await open(`http://127.0.0.1:${port}/`)
for (const part of [origins, refusals, persons, watching, forms]) {
  // A failure or a timeout then shows how far it came.
  console.error(part.name)
  await part(tab)
}
await browser.close()
server.close()
console.log(JSON.stringify(report))
