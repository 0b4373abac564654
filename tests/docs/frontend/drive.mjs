// Runs the files of docs/frontend.md as a frontend would; prints what each gave as one JSON object.
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import ws from 'ws'
import { serveRealtime } from './realtime.mjs'

const { COMPILED, API_URL, ANON_KEY, PRODUCT_URL, SLOW_URL, SESSIONS, CODES } = process.env
const load = (name) => import(`${COMPILED}/${name}.js`)
const [
  { App }, { advice }, { connect }, { connectPlain }, { EdgeError }, products, jobs,
  { followJob }, rules, compliance, scripts, accounts, { accessTokens }, history, brands,
  imports, sharing, results,
] = await Promise.all(
  [
    'app', 'errors', 'client', 'plain', 'session', 'products', 'jobs', 'realtime', 'rules',
    'compliance', 'scripts', 'account', 'session', 'history', 'brands',
    'import', 'sharing', 'results',
  ].map(load),
)
// Node 20 has none; browsers do.
globalThis.WebSocket ??= ws

const sessions = JSON.parse(SESSIONS)
const settings = { apiUrl: API_URL, edgeUrl: API_URL, anonKey: ANON_KEY }
const signIn = (name, apiUrl = API_URL) =>
  connect({ ...settings, apiUrl }, async () => sessions[name])
const report = {}

function good({ data, error }) {
  if (error) throw new Error(JSON.stringify(error))
  return data
}

async function sleepUntil(isTrue) {
  for (let tries = 0; !(await isTrue()); tries++) {
    if (tries > 8_000) throw new Error(`never became true: ${isTrue}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

let exchanges = 0
const { fetch, Date: { now } } = globalThis
globalThis.fetch = (url, options) => {
  if (String(url).endsWith('/auth/session')) {
    exchanges++
    if (refuse) return new Promise((resolve) => resolve(refuse()))
  }
  return fetch(url, options)
}

async function signingIn() {
  const client = signIn('owner')
  await Promise.all([1, 2, 3].map(() => products.listProducts(client)))
  const atOnce = exchanges
  Date.now = () => now() + 269_000
  await products.listProducts(client)
  const before = exchanges
  Date.now = () => now() + 271_000
  good(await products.listProducts(client))
  Date.now = now
  report.exchanges = { atOnce, before, afterwards: exchanges }
  const plain = connectPlain({ session: { getToken: async () => sessions.owner } }, settings)
  report.plain = good(await plain.from('products').select('*'))
  const nobody = connectPlain({ session: null }, settings)
  report.nobody = advice((await nobody.from('products').select('*')).error)
  const refused = accessTokens(API_URL, async () => 'no.clerk.token')
  report.refused = await refused().catch((error) => error instanceof EdgeError && { ...error })
  // As after a navigation: what Clerk has at hand is refused, a fresh one is not.
  const stale = accessTokens(API_URL, async (o) => (o?.skipCache ? sessions.owner : 'no.clerk.token'))
  report.repeated = typeof (await stale())
  const clerkKey = `pk_test_${btoa('clerk.example.com$')}`
  report.page = renderToStaticMarkup(createElement(App, { clerkKey, settings }))
}

// What the edge answers in place of the exchange, while it is set.
let refuse
const unanswered = {
  invalid_token: [401], rate_limited: [429, 7], sign_in_unavailable: [503, 5],
  '': [502], offline: [],
}

async function refusedExchanges() {
  report.refusals = {}
  for (const [code, [status, after]] of Object.entries(unanswered)) {
    const client = signIn('owner')
    const before = exchanges
    refuse = () => {
      if (!status) throw new TypeError('Failed to fetch')
      const headers = after ? { 'Retry-After': String(after) } : {}
      const problem = JSON.stringify({ status, code, detail: 'A sentence.' })
      return new Response(code ? problem : '<h1>Bad gateway</h1>', { status, headers })
    }
    const { error } = await client.from('products').select('*')
    const again = await client.from('products').select('*')
    report.refusals[code] = { exchanges: exchanges - before, code: error.code, ...advice(error) }
    if (again.error.code !== error.code) throw new Error('another code')
    refuse = undefined
  }
}

async function changingPersons() {
  const clerk = { session: { getToken: async () => sessions.owner } }
  const client = connectPlain(clerk, settings)
  const seen = async () => {
    const { data, error } = await client.from('products').select('name')
    return error ? error.code : data.length
  }
  const results = [await seen()]
  clerk.session = null
  results.push(await seen())
  clerk.session = { getToken: async () => sessions.watcher }
  results.push(await seen())
  report.persons = results
  // Clerk's token without azp after a redirect; the one that it fetches anew is whole.
  const asked = []
  const fresh = accessTokens(API_URL, async ({ skipCache } = {}) => {
    asked.push(Boolean(skipCache))
    return skipCache ? sessions.owner : 'no.azp.token'
  })
  report.freshToken = { isToken: (await fresh()).split('.').length === 3, asked }
  // A token that ends early is exchanged anew, once for all requests that met it.
  const early = signIn('owner')
  good(await products.listProducts(early))
  const before = exchanges
  let refusedOnce = 0
  const { fetch: real } = globalThis
  globalThis.fetch = (url, options) =>
    String(url).includes('/products') && refusedOnce++ < 2
      ? Promise.resolve(new Response('{"code":"PGRST303","message":"JWT expired"}', { status: 401 }))
      : real(url, options)
  for (const answer of await Promise.all([1, 2].map(() => early.from('products').select('id')))) good(answer)
  report.early = exchanges - before
  // Somebody else signs in while a refused request is under way.
  clerk.session = { getToken: async () => sessions.owner }
  const theirs = connectPlain(clerk, settings)
  const sent = []
  globalThis.fetch = (url, options) => {
    if (!String(url).includes('/products')) return real(url, options)
    clerk.session = { getToken: async () => sessions.watcher }
    sent.push(options.method)
    return Promise.resolve(new Response('{"code":"PGRST303","message":"JWT expired"}', { status: 401 }))
  }
  const lost = await theirs.from('products').insert({ name: 'Lamp', source_url: 'https://shop.example' })
  globalThis.fetch = real
  report.otherPerson = [sent, lost.error.code]
}

async function deepLinks(client) {
  const link = async (id) => advice((await products.productDetail(client, id)).error)
  report.links = [await link('lamp'), await link('00000000-0000-4000-8000-000000000000')]
  const nowhere = signIn('owner', 'http://127.0.0.1:9')
  report.offline = advice((await nowhere.from('products').insert({ name: 'A' })).error)
  const jargon = 'connection to server on socket "/tmp/.s.PGSQL.5432" failed'
  report.advised = {}
  for (const code of JSON.parse(CODES)) {
    const { show, then } = advice({ code, message: jargon, details: jargon })
    report.advised[code] = { isOurs: show === jargon, then }
  }
}

async function endingWatches() {
  const clerk = { session: { getToken: async () => sessions.watcher } }
  const client = connectPlain(clerk, settings)
  const gone = good(await products.addProduct(client, 'Mug', SLOW_URL))
  const deleted = jobs.watchJob(client, gone.job_id, () => {})
  good(await client.from('products').delete().eq('id', gone.id))
  const left = good(await products.addProduct(client, 'Mug', SLOW_URL))
  const abandoned = jobs.watchJob(client, left.job_id, () => (clerk.session = null))
  report.ended = [(await deleted)?.status ?? null, await abandoned]
}

async function productsAndJobs(client) {
  const added = good(await products.addProduct(client, 'Lamp', PRODUCT_URL))
  const states = []
  const job = await jobs.watchJob(client, added.job_id, ({ status }) => states.push(status))
  report.watched = { first: added.job_kind, last: states.at(-1), is: job.status }
  const account = good(await client.from('accounts').select('id').single()).id
  report.locales = []
  for (const locale of ['de', 'en'])
    report.locales.push(good(await products.setLocale(client, account, locale)).locale)
  const { id, kind } = good(await products.analyzeAgain(client, added.id))
  report.again = { kind, status: (await jobs.watchJob(client, id)).status }
  report.unwatched = await jobs.watchJob(client, id, () => {}, AbortSignal.abort())
  const slow = good(await products.addProduct(client, 'Mug', SLOW_URL))
  good(await jobs.cancelJob(client, slow.job_id))
  report.cancelled = (await jobs.watchJob(client, slow.job_id)).status
  await products.addProduct(client, 'Hat', PRODUCT_URL)
  const page = good(await products.listProducts(client))
  const next = good(await products.listProducts(client, page[0]))
  report.pages = [page, next].map((rows) => rows.map(({ name }) => name))
  const lamp = page.at(-1)
  report.overview = [lamp.job_status, lamp.headline.length > 10]
  return lamp.id
}

async function realtime() {
  const server = await serveRealtime(API_URL)
  const client = signIn('owner', server.url)
  const [job] = good(await signIn('owner').from('jobs').select('*').eq('status', 'succeeded').limit(1))
  const seen = []
  const end = followJob(client, job.id, ({ progress }) => seen.push(progress))
  await sleepUntil(() => seen.length === 1)
  server.push('jobs', { ...job, progress: 55 })
  await sleepUntil(() => seen.length === 2)
  const [{ wanted, token }] = server.joined
  end()
  report.realtime = {
    pushed: seen[1],
    read: seen[0],
    wanted: wanted.map(({ event, table, filter }) => [event, table, filter === `id=eq.${job.id}`]),
    hasToken: token.split('.').length === 3,
  }
  client.realtime.disconnect()
  server.close()
}

const banned = (severity) => ({
  kind: 'banned_phrase', severity, message: 'Promise less.', params: { terms: ['miracle'] },
})

async function rulesAndChecks(client) {
  const first = good(await rules.saveRule(client, 'No miracles', banned('info')))
  const second = good(await rules.saveRule(client, 'No miracles', banned('error')))
  report.upsert = { same: first.id === second.id, severities: [first.severity, second.severity] }
  const wrong = { ...banned('error'), params: { terms: [] } }
  report.wrongRule = advice((await rules.saveRule(client, 'Wrong', wrong)).error)
  const adopted = []
  for (const _ of [1, 2]) adopted.push(good(await rules.adoptStarterRules(client, 'ftc')))
  const ids = adopted.map((pack) => pack.map(({ id }) => id).join())
  report.adopted = { rules: adopted[0].length, again: ids[0] === ids[1] }

  const text = '🔥 A m1racle lamp'
  const verdicts = good(await compliance.checkCompliance(client, text))
  const { rule_id, ...verdict } = verdicts.find(({ rule_name }) => rule_name === 'No miracles')
  report.verdict = verdict
  report.highlighted = compliance
    .highlight(text, verdicts.filter((one) => one.rule_id === rule_id))
    .map((piece) => [piece.text, piece.verdicts.map(({ rule_name }) => rule_name)])
  const typed = []
  const type = compliance.checkWhileTyping(client, undefined, (content) => typed.push(content), 50)
  for (const content of ['A', 'A m1', text]) type(content)
  await sleepUntil(() => typed.length > 0)
  type(' ')
  await sleepUntil(() => typed.length > 1)
  report.typed = typed
}

async function writing(client, product) {
  const states = []
  const draft = await scripts.writeScript(client, product, 'Short.', (job) => states.push(job.kind))
  report.ai = { origin: draft.origin, status: draft.status, watched: states.at(-1) }
  const script = good(await scripts.addScript(client, product, '#ad A lamp.'))
  // Two tabs have read the same version.
  const saved = good(await scripts.saveScript(client, script, { content: '#ad A miracle.' }))
  const late = [{ content: '#ad Lost.' }, { title: 'Lost' }]
  report.conflicts = []
  for (const changes of late) report.conflicts.push(good(await scripts.saveScript(client, script, changes)))
  const titled = good(await scripts.saveScript(client, saved, { title: 'Lamp' }))
  report.conflicts.push(good(await scripts.saveScript(client, saved, { title: 'Lost' })))
  report.saved = [titled.content, titled.title, titled.version]
  const refused = advice((await scripts.finishScript(client, script.id)).error)
  report.notFinal = [refused.then, refused.rules.map(({ rule_id, ...rule }) => rule)]
  const versions = good(await scripts.earlierVersions(client, script.id))
  report.versions = versions.map(({ version, content }) => [version, content])
  const { content, version } = good(await scripts.restoreVersion(client, script.id, 1))
  report.restored = { content, version }
  report.final = good(await scripts.finishScript(client, script.id)).status
  const { virality_packs, analysis_results, scripts: own } = good(
    await products.productDetail(client, product),
  )
  report.detail = {
    packs: virality_packs.length,
    results: analysis_results.map(({ type }) => type).sort(),
    scripts: own.length,
  }
}

async function overTime(client, product) {
  const points = good(await history.productHistory(client, product))
  report.history = {
    points: points.length,
    isInOrder: points[0].analysed_at < points[1].analysed_at,
    complaints: points.every(({ complaints }) => Array.isArray(complaints)),
  }
  report.changed = await history.whatChanged(client, product)
  report.notWatched = advice((await history.watchProduct(client, product, 'weekly')).error)
  const [hat] = good(await client.from('products').select('id').eq('name', 'Hat'))
  good(await history.addCompetitor(client, product, hat.id))
  report.itself = advice((await history.addCompetitor(client, product, product)).error)
  report.compared = good(await history.compare(client, product)).map((row) => [
    row.name, row.is_competitor,
  ])
  report.records = [
    good(await history.scoreRecord(client)), good(await history.serviceScoreRecord(client)),
  ]
  report.unread = good(await history.unreadNotifications(client))
  report.marked = good(await history.markAsRead(client, [product]))
  const server = await serveRealtime(API_URL)
  const pushed = signIn('owner', server.url)
  const told = []
  const end = history.followNotifications(pushed, ({ text }) => told.push(text))
  await sleepUntil(() => server.joined.length === 1)
  await sleepUntil(async () => {
    server.push('notifications', { id: product, text: 'The video of Lamp is a breakout now.' }, 'INSERT')
    return told.length > 0
  })
  end()
  report.told = told[0]
  pushed.realtime.disconnect()
  server.close()
}

async function manyAtOnce(client) {
  const rows = [{ name: 'Vase', source_url: PRODUCT_URL }, { name: 'Vase', source_url: 'vase' }]
  const refused = good(await imports.importProducts(client, rows, true))
  report.noneImported = refused.map(({ id, code }) => [id, code])
  const [added, wrong] = good(await imports.importProducts(client, rows))
  report.imported = [added.code, wrong.code, wrong.details]
  good(await client.from('products').delete().eq('id', added.id))
}

async function shareAndRevoke(client, product) {
  const latest = await results.latestResults(client, product)
  report.summaries = latest.map(results.summary)
  const [pack] = good(await client.from('virality_packs').select('id, name').eq('product_id', product).limit(1))
  const { id, secret } = good(await sharing.sharePack(client, pack.id, new Date(Date.now() + 60_000)))
  const shown = good(await sharing.sharedPack(settings, secret))
  report.shared = [shown.name === pack.name, shown.configuration.hooks.length > 0, 'record' in shown.configuration]
  const [markdown, csv] = await Promise.all(
    ['markdown', 'csv'].map((type) => sharing.downloadPack(client, pack.id, type)),
  )
  report.downloads = [markdown.type, (await markdown.text()).startsWith('# '), csv.type]
  report.csv = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await csv.arrayBuffer()).slice(0, 10)
  report.shares = good(await sharing.listShares(client, pack.id)).map((share) => share.id === id)
  good(await sharing.revokeShare(client, id))
  report.revoked = (await sharing.sharedPack(settings, secret)).error.code
}

async function clients(client, product) {
  const brand = good(await brands.addBrand(client, 'Acme'))
  good(await brands.assignProduct(client, product, brand.id, ['Sale', 'sale']))
  const rule = good(await rules.saveRule(client, 'No lamps', {
    kind: 'banned_phrase', severity: 'error', params: { terms: ['lamp'] },
  }))
  good(await brands.assignRule(client, rule.id, brand.id))
  const detail = good(await brands.brandDetail(client, brand.id))
  report.brand = [detail.products.length, detail.brand_rules.map(({ rule_name }) => rule_name)]
  const broken = async () =>
    good(await compliance.checkCompliance(client, '#ad A lamp.', product))
      .filter(({ rule_name, status }) => rule_name === 'No lamps' && status === 'fail').length
  report.brandRules = [await broken()]
  good(await brands.archiveBrand(client, brand.id, true))
  report.brandRules.push(await broken())
  report.brandKept = (await client.from('brands').delete().eq('id', brand.id)).error.code
  const archived = good(await brands.archiveProduct(client, product, true))
  report.archived = [archived.tags, (await products.analyzeAgain(client, product)).error.code]
  good(await brands.archiveProduct(client, product, false))
  good(await client.from('brand_rules').delete().eq('id', rule.id))
}

async function refusals(client) {
  report.wrongUrl = advice((await products.addProduct(client, 'Lamp', 'lamp')).error)
  let answer
  do answer = await products.addProduct(client, 'More', PRODUCT_URL)
  while (!answer.error)
  report.quota = advice(answer.error)
  const busy = signIn('busy')
  const { id } = good(await products.addProduct(busy, 'Lamp', PRODUCT_URL))
  do answer = await rules.saveRule(busy, 'No miracles', banned('error'))
  while (!answer.error)
  report.limited = advice(answer.error)
  report.notThere = advice((await products.analyzeAgain(client, id)).error)
}

async function paying(client, product) {
  const { plan, limits, usage, resets_at, subscription } = good(await accounts.account(client))
  report.free = { plan, limits, products: usage.products, subscription }
  report.resets = new Date(resets_at) > new Date()
  const plans = good(await accounts.plans(client))
  report.plans = plans.map(({ id }) => id)
  report.prices = plans[1].prices.map((price) => accounts.priceText(price, 'en-US'))
  report.yen = accounts.priceText({ amount: 2900, currency: 'jpy' }, 'en-US')
  const token = sessions.owner
  const page = await accounts.checkoutUrl(API_URL, token, 'creator', 'year')
  // Somebody at Stripe's end pays as soon as there is a page.
  await sleepUntil(async () => (await accounts.refreshPlan(API_URL, token)) === 'creator')
  const paid = good(await accounts.account(client))
  report.paid = { plan: paid.plan, status: paid.subscription.status, limit: paid.limits.products }
  report.addresses = [page, await accounts.portalUrl(API_URL, token)].map((url) => new URL(url).host)
  report.isWatched = good(await history.watchProduct(client, product, 'weekly'))
  const twice = accounts.checkoutUrl(API_URL, token, 'agency')
  const search = '?code=made-up&scopes=video.list&state=made-up'
  report.tiktok = await Promise.all(
    [accounts.tikTokUrl(API_URL, token), accounts.connectTikTok(API_URL, token, search)].map(
      (asked) => asked.catch(({ code }) => code),
    ),
  )
  report.twice = await twice.catch(({ code, status, message }) => ({ code, status, message }))
}

async function leaving(client) {
  report.exported = { products: 0 }
  for await (const page of accounts.exportAccount(client)) {
    report.exported.products += page.products.length
    report.exported.plan ??= page.plan
  }
  good(await accounts.deleteAccount(client))
  report.gone = advice((await products.listProducts(client)).error)
}

await signingIn()
const owner = signIn('owner')
const product = await productsAndJobs(owner)
await refusedExchanges()
await changingPersons()
await deepLinks(owner)
await endingWatches()
await realtime()
await rulesAndChecks(owner)
await writing(owner, product)
await overTime(owner, product)
await clients(owner, product)
await manyAtOnce(owner)
await shareAndRevoke(owner, product)
await refusals(owner)
await paying(owner, product)
await leaving(owner)
console.log(JSON.stringify(report))
