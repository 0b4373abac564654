// Uses the client as a frontend would, and renders the pages of docs/frontend.md; prints what each
// gave as one JSON object.
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import ws from 'ws'
import { serveRealtime } from './realtime.mjs'

const { COMPILED, CLIENT, API_URL, CLERK_URL, ANON_KEY, PRODUCT_URL, SLOW_URL, CODES } = process.env
const load = (name) => import(`${COMPILED}/${name}.js`)
const api = await import(`${CLIENT}/index.js`)
const { devClerk } = await import(`${CLIENT}/dev-clerk.js`)
const [{ App }, { default: Page }, { card, basis }, { live }, { makeKey, actBy }] = await Promise.all(
  ['app', 'page', 'card', 'live', 'keys'].map(load),
)
const { advice, connect } = api

// Node 20 has none; browsers do.
globalThis.WebSocket ??= ws

const clerks = new Map()
/** Clerk in the browser of this person. */
function clerkOf(name) {
  if (!clerks.has(name)) clerks.set(name, devClerk(CLERK_URL, name))
  return clerks.get(name).session
}
const settings = { apiUrl: API_URL, anonKey: ANON_KEY }
const signIn = (name, apiUrl = API_URL) =>
  connect({ ...settings, apiUrl, edgeUrl: API_URL }, clerkOf(name).getToken)
/** A client of whoever `clerk.session` is. */
const signInAt = (clerk) => connect(settings, (options) => clerk.session?.getToken(options))
const report = {}

const add = (client, name, source_url) => api.addProduct(client, { name, source_url })

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
  await Promise.all([1, 2, 3].map(() => api.listProducts(client)))
  const atOnce = exchanges
  Date.now = () => now() + 200_000
  await api.listProducts(client)
  const before = exchanges
  Date.now = () => now() + 271_000
  good(await api.listProducts(client))
  Date.now = now
  report.exchanges = { atOnce, before, afterwards: exchanges }
  report.nobody = advice((await connect(settings).from('products').select('*')).error)
  report.plansOfNobody = good(await api.plans(connect(settings))).length
  report.token = typeof (await api.accessToken(client))
  const refused = connect(settings, () => 'no.clerk.token')
  report.refused = await api.accessToken(refused).catch(
    (error) => error instanceof api.EdgeError && { code: error.code, status: error.status },
  )
  // As after a navigation: what Clerk has at hand is refused, a fresh one is not.
  const stale = connect(settings, (o) => (o?.skipCache ? clerkOf('owner').getToken() : 'no.clerk.token'))
  report.repeated = typeof (await api.accessToken(stale))
  const clerkKey = `pk_test_${btoa('clerk.example.com$')}`
  report.page = renderToStaticMarkup(createElement(App, { clerkKey }))
}

// What the edge answers in place of the exchange, while it is set.
let refuse
const unanswered = {
  invalid_token: [401], rate_limited: [429, 7], sign_in_unavailable: [503, 5], account_deleted: [403],
  quota_exceeded: [402, 0, { metric: 'seats', resets_at: '2026-12-01' }], '': [502], offline: [],
}

async function refusedExchanges() {
  report.refusals = {}
  const token = await clerkOf('owner').getToken({ skipCache: true })
  for (const [code, [status, after, details]] of Object.entries(unanswered)) {
    const client = connect(settings, () => token)
    const before = exchanges
    refuse = () => {
      if (!status) throw new TypeError('Failed to fetch')
      const headers = after ? { 'Retry-After': String(after) } : {}
      const problem = JSON.stringify({ status, code, detail: 'A sentence.', details })
      return new Response(code ? problem : '<h1>Bad gateway</h1>', { status, headers })
    }
    const began = performance.now()
    const { error } = await client.from('products').select('*')
    const isQuick = performance.now() - began < 300
    const again = await client.from('products').select('*')
    const edge = await api.portalUrl(client)
    report.refusals[code] = { exchanges: exchanges - before, isQuick, code: error.code, ...advice(error) }
    for (const other of [again.error, edge.error])
      if (other.code !== error.code || other.details !== error.details) throw new Error('another error')
    refuse = undefined
  }
}

/** Answers requests for products in place of the stack, until it is undone. */
function instead(answer) {
  const { fetch: real } = globalThis
  globalThis.fetch = (url, options) =>
    String(url).includes('/products') ? answer(real, url, options) : real(url, options)
  return () => (globalThis.fetch = real)
}

const expired = () => new Response('{"code":"PGRST303","message":"JWT expired"}', { status: 401 })

async function changingPersons() {
  const clerk = { session: clerkOf('owner') }
  const client = signInAt(clerk)
  const seen = async () => {
    const { data, error } = await client.from('products').select('name')
    return error ? error.code : data.length
  }
  report.persons = [await seen()]
  clerk.session = null
  report.persons.push(await seen(), (await api.portalUrl(client)).error.code)
  clerk.session = clerkOf('watcher')
  report.persons.push(await seen())
  // Clerk's token without azp after a redirect; the one that it fetches anew is whole.
  const asked = []
  const fresh = connect(settings, ({ skipCache } = {}) => {
    asked.push(Boolean(skipCache))
    return skipCache ? clerkOf('owner').getToken() : 'no.azp.token'
  })
  report.freshToken = (await api.accessToken(fresh)).split('.').length === 3 && asked.filter(Boolean).length
  // A token that ends early is exchanged anew, once for all requests that met it.
  const early = signIn('owner')
  good(await api.listProducts(early))
  const before = exchanges
  let refusedOnce = 0
  let undo = instead((real, url, options) => (refusedOnce++ < 2 ? expired() : real(url, options)))
  for (const answer of await Promise.all([1, 2].map(() => early.from('products').select('id')))) good(answer)
  undo()
  report.early = exchanges - before
  // Somebody else signs in while a refused request is under way.
  clerk.session = clerkOf('owner')
  const theirs = signInAt(clerk)
  good(await api.listProducts(theirs))
  const sent = []
  undo = instead((real, url, options) => {
    clerk.session = clerkOf('watcher')
    sent.push(options.method)
    return expired()
  })
  const lost = await theirs.from('products').insert({ name: 'Lamp', source_url: 'https://shop.example' })
  undo()
  report.otherPerson = [sent, lost.error.code, advice(lost.error).then]
  // Somebody else signs in while an answer is under way.
  clerk.session = clerkOf('owner')
  undo = instead(async (real, url, options) => {
    const answer = await real(url, options)
    clerk.session = clerkOf('watcher')
    return answer
  })
  const late = await theirs.from('products').select('name')
  undo()
  report.lateAnswer = [late.data, late.error.code]
  // Somebody signs out while the exchange is under way: nothing is sent as them.
  clerk.session = clerkOf('owner')
  const arrived = resolvers()
  let isAsked = false
  refuse = () => (isAsked = true) && arrived.promise
  const leaving = signInAt(clerk)
  const went = []
  undo = instead((real, url, options) => went.push(url) && real(url, options))
  const asking = leaving.from('products').select('name')
  const request = asking.then(({ error }) => error.code)
  await sleepUntil(() => isAsked)
  clerk.session = null
  arrived.resolve(new Response('{"access_token":"theirs","expires_in":300}'))
  report.leftEarly = [await request, went.length]
  refuse = undefined
  undo()
}

function resolvers() {
  let resolve
  const promise = new Promise((found) => (resolve = found))
  return { promise, resolve }
}

async function deepLinks(client) {
  const link = async (id) => advice((await api.productDetail(client, id)).error)
  report.links = [await link('lamp'), await link('00000000-0000-4000-8000-000000000000')]
  const nowhere = signIn('owner', 'http://127.0.0.1:9')
  report.offline = advice((await nowhere.from('products').insert({ name: 'A' })).error)
  const jargon = 'connection to server on socket "/tmp/.s.PGSQL.5432" failed'
  const marked = JSON.stringify({ field: 'name', rules: [] })
  report.advised = {}
  for (const [code, hasField] of Object.entries(JSON.parse(CODES))) {
    const { show, then } = advice({ code, message: jargon, details: hasField ? marked : jargon })
    report.advised[code] = { isOurs: show === jargon, then }
  }
  report.jobAdvice = ['page_busy', 'not_a_product'].map((error_code) =>
    api.jobAdvice({ status: 'failed', error_code, error_message: 'A sentence.' }),
  )
  report.jobAdvice.push(api.jobAdvice({ status: 'waiting', error_code: 'page_busy', error_message: 'A sentence.' }))
}

async function endingWatches() {
  const clerk = { session: clerkOf('watcher') }
  const client = signInAt(clerk)
  const gone = good(await add(client, 'Mug', SLOW_URL))
  const deleted = api.watchJob(client, gone.job_id, () => {})
  good(await client.from('products').delete().eq('id', gone.id))
  const left = good(await add(client, 'Mug', SLOW_URL))
  const abandoned = api.watchJob(client, left.job_id, () => (clerk.session = null))
  report.ended = [(await deleted)?.status ?? null, await abandoned]
}

async function productsAndJobs(client) {
  const added = good(await add(client, 'Lamp', PRODUCT_URL))
  const states = []
  const job = await api.watchJob(client, added.job_id, ({ status }) => states.push(status))
  report.watched = { first: added.job_kind, last: states.at(-1), is: job.status }
  const account = good(await client.from('accounts').select('id').single()).id
  report.locales = []
  for (const locale of ['de', 'en'])
    report.locales.push(good(await api.setLocale(client, account, locale)).locale)
  const { id, kind } = good(await api.analyzeAgain(client, added.id))
  report.again = { kind, status: (await api.watchJob(client, id)).status }
  report.unwatched = await api.watchJob(client, id, () => {}, AbortSignal.abort())
  const slow = good(await add(client, 'Mug', SLOW_URL))
  good(await api.cancelJob(client, slow.job_id))
  report.cancelled = (await api.watchJob(client, slow.job_id)).status
  await add(client, 'Hat', PRODUCT_URL)
  const page = good(await api.listProducts(client))
  const next = good(await api.listProducts(client, page[0]))
  report.pages = [page, next].map((rows) => rows.map(({ name }) => name))
  const lamp = page.at(-1)
  report.overview = [lamp.job_status, lamp.headline.length > 10]
  return lamp.id
}

async function realtime() {
  const [real] = good(await signIn('owner').from('jobs').select('*').eq('status', 'succeeded').limit(1))
  const running = (progress) => [{ ...real, status: 'running', progress, finished_at: null }]
  const server = await serveRealtime(API_URL, { jobs: running(10) })
  let asked = 0
  const client = connect({ ...settings, apiUrl: server.url, edgeUrl: API_URL }, () => {
    asked++
    return clerkOf('owner').getToken()
  })
  const seen = []
  const ended = api.followJob(client, real.id, ({ progress }) => seen.push(progress))
  await sleepUntil(() => server.joined.length === 1 && seen.length === 1)
  server.rows.jobs = running(55)
  server.push('jobs', { id: real.id })
  await sleepUntil(() => seen.length === 2)
  // While the channel is open it asks each second who is signed in, and reads nothing.
  const told = asked + 4
  await sleepUntil(() => asked >= told)
  const before = { asked, reads: server.reads.jobs }
  await sleepUntil(() => asked >= before.asked + 4)
  const reads = server.reads.jobs - before.reads
  const [{ wanted, token }] = server.joined
  // The channel breaks: from now on it polls.
  server.refuse()
  server.drop()
  server.rows.jobs = running(70)
  await sleepUntil(() => seen.length === 3)
  server.rows.jobs = [real]
  const { status } = await ended
  // A channel that is refused from the beginning, and one that is left.
  const left = new AbortController()
  const polled = []
  server.rows.jobs = running(20)
  const aborted = api.followJob(client, real.id, ({ progress }) => polled.push(progress), left.signal)
  await sleepUntil(() => polled.length === 1)
  server.rows.jobs = running(30)
  await sleepUntil(() => polled.length === 2)
  left.abort()
  server.rows.jobs = running(40)
  report.realtime = {
    seen,
    reads,
    status,
    polled,
    aborted: await aborted,
    wanted: wanted.map(({ event, table, filter }) => [event, table, filter === `id=eq.${real.id}`]),
    hasToken: token.split('.').length === 3,
  }
  client.realtime.disconnect()
  server.close()
}

/** Who follows a job and signs out is told nothing more, without a request. */
async function leavingRealtime() {
  const [real] = good(await signIn('owner').from('jobs').select('*').eq('status', 'succeeded').limit(1))
  const server = await serveRealtime(API_URL, { jobs: [{ ...real, finished_at: null }] })
  const clerk = { session: clerkOf('owner') }
  const client = connect({ ...settings, apiUrl: server.url, edgeUrl: API_URL }, () => clerk.session?.getToken())
  const followed = api.followJob(client, real.id)
  await sleepUntil(() => server.joined.length === 1)
  server.push('jobs', { id: real.id })
  await sleepUntil(() => server.reads.jobs >= 3)
  clerk.session = null
  const before = server.reads.jobs
  report.leftRealtime = [await followed, server.reads.jobs - before]
  await sleepUntil(() => server.left.length === 1)
  // The gateway of this machine has no Realtime, and Node 20 no WebSocket.
  report.noRealtime = [(await api.followJob(signIn('owner'), real.id)).status]
  const { WebSocket } = globalThis
  delete globalThis.WebSocket
  const without = signIn('owner')
  globalThis.WebSocket = WebSocket
  report.noRealtime.push((await api.followJob(without, real.id)).status)
  client.realtime.disconnect()
  server.close()
}

const banned = (severity) => ({
  kind: 'banned_phrase', severity, message: 'Promise less.', params: { terms: ['miracle'] },
})

async function rulesAndChecks(client) {
  const first = good(await api.saveRule(client, 'No miracles', banned('info')))
  const second = good(await api.saveRule(client, 'No miracles', banned('error')))
  report.upsert = { same: first.id === second.id, severities: [first.severity, second.severity] }
  const wrong = { ...banned('error'), params: { terms: [] } }
  report.wrongRule = advice((await api.saveRule(client, 'Wrong', wrong)).error)
  const adopted = []
  for (const _ of [1, 2]) adopted.push(good(await api.adoptStarterRules(client, 'ftc')))
  const ids = adopted.map((pack) => pack.map(({ id }) => id).join())
  report.adopted = { rules: adopted[0].length, again: ids[0] === ids[1] }

  const text = '🔥 A m1racle lamp'
  const verdicts = good(await api.checkCompliance(client, text))
  const { rule_id, ...verdict } = verdicts.find(({ rule_name }) => rule_name === 'No miracles')
  report.verdict = verdict
  report.highlighted = api
    .highlight(text, verdicts.filter((one) => one.rule_id === rule_id))
    .map((piece) => [piece.text, piece.verdicts.map(({ rule_name }) => rule_name)])
  const typed = []
  const type = api.checkWhileTyping(client, undefined, (content) => typed.push(content), 50)
  for (const content of ['A', 'A m1', text]) type(content)
  await sleepUntil(() => typed.length > 0)
  type(' ')
  await sleepUntil(() => typed.length > 1)
  report.typed = typed
}

async function writing(client, product) {
  const states = []
  const draft = good(await api.writeScript(client, product, 'Short.', (job) => states.push(job.kind)))
  report.ai = { origin: draft.origin, status: draft.status, watched: states.at(-1) }
  const script = good(await api.addScript(client, product, '#ad A lamp.'))
  // Two tabs have read the same version.
  const saved = good(await api.saveScript(client, script, { content: '#ad A miracle.' }))
  const late = [{ content: '#ad Lost.' }, { title: 'Lost' }]
  report.conflicts = []
  for (const changes of late) report.conflicts.push(good(await api.saveScript(client, script, changes)))
  const titled = good(await api.saveScript(client, saved, { title: 'Lamp' }))
  report.conflicts.push(good(await api.saveScript(client, saved, { title: 'Lost' })))
  report.saved = [titled.content, titled.title, titled.version]
  const refused = advice((await api.finishScript(client, script.id)).error)
  report.notFinal = [refused.then, refused.rules.map(({ rule_id, ...rule }) => rule)]
  const versions = good(await api.earlierVersions(client, script.id))
  report.versions = versions.map(({ version, content }) => [version, content])
  const { content, version } = good(await api.restoreVersion(client, script.id, 1))
  report.restored = { content, version }
  report.final = good(await api.finishScript(client, script.id)).status
  const { virality_packs, analysis_results, scripts: own } = good(
    await api.productDetail(client, product),
  )
  report.detail = {
    packs: virality_packs.length,
    results: analysis_results.map(({ type }) => type).sort(),
    scripts: own.length,
  }
}

async function overTime(client, product) {
  const points = good(await api.productHistory(client, product))
  report.history = {
    points: points.length,
    isInOrder: points[0].analysed_at < points[1].analysed_at,
    complaints: points.every(({ complaints }) => Array.isArray(complaints)),
  }
  report.changed = good(await api.whatChanged(client, product))
  report.notWatched = advice((await api.watchProduct(client, product, 'weekly')).error)
  const [hat] = good(await client.from('products').select('id').eq('name', 'Hat'))
  good(await api.addCompetitor(client, product, hat.id))
  report.itself = advice((await api.addCompetitor(client, product, product)).error)
  report.compared = good(await api.compare(client, product)).map((row) => [
    row.name, row.is_competitor,
  ])
  report.records = [
    good(await api.scoreRecord(client)), good(await api.serviceScoreRecord(client)),
  ]
  report.unread = good(await api.unreadNotifications(client))
  report.marked = good(await api.markAsRead(client, [product]))
  const server = await serveRealtime(API_URL, { notifications: [{ id: 'old', text: 'Old.' }] })
  const pushed = signIn('owner', server.url)
  const [told, left] = [[], new AbortController()]
  const over = api.followNotifications(pushed, ({ text }) => told.push(text), left.signal)
  await sleepUntil(() => server.joined.length === 1 && server.reads.notifications >= 2)
  server.rows.notifications.unshift({ id: 'new', text: 'The video of Lamp is a breakout now.' })
  server.push('notifications', { id: 'new' }, 'INSERT')
  await sleepUntil(() => told.length > 0)
  left.abort()
  await over
  report.told = told
  pushed.realtime.disconnect()
  server.close()
}

async function pages(client, product) {
  globalThis.clerkOfTheRequest = clerkOf('owner')
  report.serverPage = renderToStaticMarkup(await Page())
  globalThis.clerkOfTheRequest = { getToken: async () => null }
  report.nobodysPage = renderToStaticMarkup(await Page())
  const { title, hook } = await card(client, product)
  report.card = [title.length > 3, hook.length > 3]
  report.bases = good(await api.latestResults(client, product)).map(basis).length
  const [{ id }] = good(await client.from('jobs').select('id').eq('product_id', product).limit(1))
  const shown = []
  const end = live(client, id, (text) => shown.push(text))
  await sleepUntil(() => shown.includes('succeeded'))
  end()
  report.live = shown[0]
}

async function manyAtOnce(client) {
  const rows = [{ name: 'Vase', source_url: PRODUCT_URL }, { name: 'Vase', source_url: 'vase' }]
  const refused = good(await api.importProducts(client, rows, true))
  report.noneImported = refused.map(({ id, code }) => [id, code])
  const [added, wrong] = good(await api.importProducts(client, rows))
  report.imported = [added.code, wrong.code, wrong.details]
  good(await client.from('products').delete().eq('id', added.id))
}

async function shareAndRevoke(client, product) {
  const latest = good(await api.latestResults(client, product))
  report.summaries = latest.map(api.summary)
  const [pack] = good(await client.from('virality_packs').select('id, name').eq('product_id', product).limit(1))
  report.documents = [good(await api.packMarkdown(client, pack.id)), good(await api.packCsv(client, pack.id))]
  const { id, secret } = good(await api.sharePack(client, pack.id, new Date(Date.now() + 60_000)))
  const shown = good(await api.sharedPack(settings, secret))
  report.shared = [shown.name === pack.name, shown.configuration.hooks.length > 0, 'record' in shown.configuration]
  report.shares = good(await api.listShares(client, pack.id)).map((share) => share.id === id)
  good(await api.revokeShare(client, id))
  report.revoked = (await api.sharedPack(settings, secret)).error.code
}

async function clients(client, product) {
  const brand = good(await api.addBrand(client, 'Acme'))
  good(await api.assignProduct(client, product, brand.id, ['Sale', 'sale']))
  const rule = good(await api.saveRule(client, 'No lamps', {
    kind: 'banned_phrase', severity: 'error', params: { terms: ['lamp'] },
  }))
  good(await api.assignRule(client, rule.id, brand.id))
  const detail = good(await api.brandDetail(client, brand.id))
  report.brand = [detail.products.length, detail.brand_rules.map(({ rule_name }) => rule_name)]
  const broken = async () =>
    good(await api.checkCompliance(client, '#ad A lamp.', product))
      .filter(({ rule_name, status }) => rule_name === 'No lamps' && status === 'fail').length
  report.brandRules = [await broken()]
  good(await api.archiveBrand(client, brand.id, true))
  report.brandRules.push(await broken())
  report.brandKept = (await client.from('brands').delete().eq('id', brand.id)).error.code
  const archived = good(await api.archiveProduct(client, product, true))
  report.archived = [archived.tags, (await api.analyzeAgain(client, product)).error.code]
  good(await api.archiveProduct(client, product, false))
  good(await client.from('brand_rules').delete().eq('id', rule.id))
}

async function refusals(client) {
  report.wrongUrl = advice((await add(client, 'Lamp', 'lamp')).error)
  let answer
  do answer = await add(client, 'More', PRODUCT_URL)
  while (!answer.error)
  report.quota = advice(answer.error)
  const busy = signIn('busy')
  const { id } = good(await add(busy, 'Lamp', PRODUCT_URL))
  do answer = await api.saveRule(busy, 'No miracles', banned('error'))
  while (!answer.error)
  report.limited = advice(answer.error)
  report.notThere = advice((await api.analyzeAgain(client, id)).error)
}

async function paying(client, product) {
  const { plan, limits, usage, resets_at, subscription } = good(await api.account(client))
  report.free = { plan, limits, products: usage.products, subscription }
  report.resets = new Date(resets_at) > new Date()
  report.members = [good(await api.members(client)), api.may('editor', 'viewer'), api.may('viewer', 'admin')]
  const plans = good(await api.plans(client))
  report.plans = plans.map(({ id }) => id)
  report.prices = plans[1].prices.map((price) => api.priceText(price, 'en-US'))
  report.yen = api.priceText({ amount: 2900, currency: 'jpy' }, 'en-US')
  const page = good(await api.checkoutUrl(client, 'creator', 'year'))
  // Somebody at Stripe's end pays as soon as there is a page.
  await sleepUntil(async () => good(await api.refreshPlan(client)) === 'creator')
  const paid = good(await api.account(client))
  report.paid = { plan: paid.plan, status: paid.subscription.status, limit: paid.limits.products }
  report.addresses = [page, good(await api.portalUrl(client))].map((url) => new URL(url).host)
  report.isWatched = good(await api.watchProduct(client, product, 'weekly'))
  const search = '?code=made-up&scopes=video.list&state=made-up'
  const tiktok = [await api.tikTokUrl(client), await api.connectTikTok(client, search)]
  report.tiktok = tiktok.map(({ error }) => error.code)
  const { code, status, message } = (await api.callEdge(client, '/subscriptions/create', { plan: 'agency' })).error
  report.twice = { code, status, message }
}

async function keys(client) {
  const { id, secret } = await makeKey(client)
  const program = actBy(secret)
  const before = exchanges
  const { role } = good(await api.account(program))
  const products = good(await api.listProducts(program)).length > 0
  report.byKey = { secret: secret.slice(0, 4), role, products, exchanges: exchanges - before }
  good(await client.rpc('revoke_api_key', { id }))
  const { code, message } = (await api.listProducts(program)).error
  Object.assign(report.byKey, { code, message })
}

async function leaving(client) {
  report.exported = { products: 0 }
  for await (const page of api.exportAccount(client)) {
    report.exported.products += page.products.length
    report.exported.plan ??= page.plan
  }
  good(await api.deleteAccount(client))
  report.gone = advice((await api.listProducts(client)).error)
}

/** Runs it and says so on stderr, where a failure or a timeout then shows how far it came. */
function run(part, ...given) {
  console.error(part.name)
  return part(...given)
}

await run(signingIn)
const owner = signIn('owner')
const product = await run(productsAndJobs, owner)
await run(refusedExchanges)
await run(changingPersons)
await run(deepLinks, owner)
await run(endingWatches)
await run(realtime)
await run(leavingRealtime)
await run(rulesAndChecks, owner)
await run(writing, owner, product)
await run(overTime, owner, product)
await run(clients, owner, product)
await run(pages, owner, product)
await run(manyAtOnce, owner)
await run(shareAndRevoke, owner, product)
await run(keys, owner)
await run(refusals, owner)
await run(paying, owner, product)
await run(leaving, owner)
console.log(JSON.stringify(report))
