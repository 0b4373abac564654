// k6: people who work with the dashboard. Each virtual user is one person with one account.
//
// Every request is one that the dashboard or the client package makes: supabase/client/*.js and
// local/dashboard/src. A person signs in at the stand-in for Clerk, exchanges the session token,
// renews both as session.js does, and keeps ETags as a browser does.

import http from 'k6/http'
import exec from 'k6/execution'
import { sleep } from 'k6'
import { Counter, Gauge, Trend } from 'k6/metrics'

const { API, CLERK, VIDEOS } = __ENV
const SECONDS = Number(__ENV.SECONDS)
const RAMP = Number(__ENV.RAMP)
// 1: people who read and think. Less: the same people in a hurry.
const THINK = Number(__ENV.THINK)
const ADD_SHARE = Number(__ENV.ADD_SHARE)

const ROUTES = [
  'sign in at Clerk', 'exchange', 'account', 'brands', 'list products', 'overview of one', 'open a pack',
  'history', 'scripts of one', 'add a product', 'poll a job', 'read a script', 'check compliance',
  'save a script', 'unread notifications', 'notifications', 'mark as read',
]
// A threshold makes k6 keep a metric for each route. This one always holds.
const kept = Object.fromEntries(ROUTES.map((name) => [`route_ms{route:${name}}`, ['max>=0']]))

export const options = {
  scenarios: {
    people: { executor: 'constant-vus', vus: Number(__ENV.USERS), duration: `${SECONDS}s`, gracefulStop: '60s' },
  },
  thresholds: kept,
  summaryTrendStats: ['count', 'avg', 'med', 'p(99)', 'max'],
  systemTags: [],
  discardResponseBodies: false,
  userAgent: 'creatorscook-load',
}

const milliseconds = new Trend('route_ms')
const unchanged = new Counter('unchanged')
const errors = new Counter('errors')
// Rates count from the end of the ramp on, when everybody is there.
const settled = new Counter('settled')
const started = new Gauge('started')

const me = { clerk: '', clerkUntil: 0, token: '', until: 0, cache: {}, rounds: 0 }

class Over extends Error {}

function isOver() {
  return Date.now() - exec.scenario.startTime >= SECONDS * 1000
}

function between(least, most) {
  return least + Math.random() * (most - least)
}

function chance(share) {
  return Math.random() < share
}

/** A pause of a person; the end of the run ends it. */
function think(least, most) {
  let left = between(least, most) * THINK
  while (left > 0) {
    if (isOver()) throw new Over()
    sleep(Math.min(left, 1))
    left -= 1
  }
  if (isOver()) throw new Over()
}

function code(answer) {
  try {
    return answer.json('code') || answer.json('error') || ''
  } catch {
    return ''
  }
}

function note(route, answer) {
  milliseconds.add(answer.timings.duration, { route })
  const passed = Date.now() - exec.scenario.startTime
  if (passed > RAMP * 1000 && passed <= SECONDS * 1000) settled.add(1)
  if (answer.status === 304) unchanged.add(1)
  if (answer.status === 0 || answer.status >= 400) {
    errors.add(1)
    const { status, error } = answer
    console.log(JSON.stringify({ route, status, code: code(answer), error, body: String(answer.body).slice(0, 300) }))
  }
  return answer
}

/** devClerk: kept for 50 s. */
function clerkToken(name) {
  if (Date.now() >= me.clerkUntil) {
    const url = `${CLERK}/v1/client/sessions/sess_${name.replace(/[^A-Za-z0-9]/g, '')}/tokens?name=${name}`
    me.clerk = note('sign in at Clerk', http.post(url)).json('jwt')
    me.clerkUntil = Date.now() + 50_000
  }
  return me.clerk
}

/** session.js: an access token, exchanged anew 30 s before it ends. */
function token(name) {
  const clerk = clerkToken(name)
  if (Date.now() >= me.until) {
    const headers = { Authorization: `Bearer ${clerk}` }
    const answer = note('exchange', http.post(`${API}/auth/session`, null, { headers }))
    const { access_token, expires_in } = answer.json()
    me.token = access_token
    me.until = Date.now() + (expires_in - 30) * 1000
  }
  return me.token
}

function request({ route, method = 'GET', path, body, single = false }, bearer) {
  const url = `${API}/rest/v1${path}`
  const headers = { Authorization: `Bearer ${bearer}`, Accept: single ? 'application/vnd.pgrst.object+json' : 'application/json' }
  if (body) Object.assign(headers, { 'Content-Type': 'application/json', Prefer: 'return=representation' })
  const known = me.cache[`${url} ${single}`]
  if (method === 'GET' && known) headers['If-None-Match'] = known.etag
  return { route, method, url, single, body: body ? JSON.stringify(body) : null, params: { headers } }
}

/** What the answer says: the kept text after a 304. */
function read({ route, method, url, single }, answer) {
  note(route, answer)
  const key = `${url} ${single}`
  if (answer.status === 304) return JSON.parse(me.cache[key].text)
  const etag = answer.headers.Etag
  if (method === 'GET' && etag && answer.status === 200) me.cache[key] = { etag, text: answer.body }
  return answer.status >= 200 && answer.status < 300 && answer.body ? answer.json() : null
}

/** The requests of one screen, at once, as a browser sends them. */
function ask(name, ...asked) {
  const bearer = token(name)
  const requests = asked.map((each) => request(each, bearer))
  const answers = http.batch(requests.map(({ method, url, body, params }) => [method, url, body, params]))
  return requests.map((each, at) => {
    if (answers[at].status !== 401) return read(each, answers[at])
    // session.js repeats it once, with a new token.
    note(each.route, answers[at])
    me.until = 0
    const again = request(asked[at], token(name))
    return read(again, http.request(again.method, again.url, again.body, again.params))
  })
}

const NEWEST = 'order=created_at.desc,id.desc&limit=20'
const account = { route: 'account', path: '/rpc/account' }
const brands = { route: 'brands', path: '/brands?select=*,products(count),brand_rules(count)&order=name' }
const list = { route: 'list products', path: `/product_overview?select=*&archived_at=is.null&${NEWEST}` }
const unread = { route: 'unread notifications', path: '/notifications?select=*&read_at=is.null&order=created_at.desc' }
const one = (id) => ({ route: 'overview of one', path: `/product_overview?select=*&id=eq.${id}`, single: true })
const detail = (id) => ({
  route: 'open a pack',
  single: true,
  path: `/products?select=*,virality_packs(*),analysis_results(*),scripts(*)&id=eq.${id}`
    + '&virality_packs.order=created_at.desc&virality_packs.limit=1'
    + '&analysis_results.order=created_at.desc&analysis_results.limit=2'
    + '&scripts.order=created_at.desc&scripts.limit=20',
})
const history = (id) => ({ route: 'history', path: `/product_history?select=*&product_id=eq.${id}&order=analysed_at` })
const scripts = (id) => ({
  route: 'scripts of one',
  path: `/scripts?select=id,title,content,status,origin,version,updated_at,job_id&product_id=eq.${id}&order=created_at.desc&limit=20`,
})

function openPack(name, id) {
  ask(name, one(id), detail(id))
  think(6, 20)
  // The page looks again every 30 s.
  ask(name, one(id))
  if (chance(0.3)) {
    ask(name, history(id))
    think(3, 8)
  }
}

/** Writes at a draft: a check each time the typing pauses, and a save. */
function write(name, id) {
  const [found] = ask(name, scripts(id))
  think(2, 5)
  if (!found || !found.length) return
  const [script] = ask(name, { route: 'read a script', single: true, path: `/scripts?select=*,products(id,name)&id=eq.${found[0].id}` })
  if (!script) return
  let content = script.content.slice(0, 1500)
  for (let pause = 0; pause < 5; pause++) {
    think(2, 6)
    content += ` Look at this, take ${Math.floor(Math.random() * 1e6)}: it holds what we say.`
    ask(name, { route: 'check compliance', method: 'POST', path: '/rpc/check_compliance', body: { content, product_id: id } })
  }
  ask(name, {
    route: 'save a script',
    method: 'PATCH',
    path: `/scripts?id=eq.${script.id}&version=eq.${script.version}&select=*`,
    body: { content },
  })
  think(1, 3)
}

/** Adds a product and waits for its pack, as watchJob does: a look each second. */
function add(name) {
  const number = `74${String(exec.vu.idInTest).padStart(6, '0')}${String(Date.now()).slice(-11)}`
  const [added] = ask(name, {
    route: 'add a product',
    method: 'POST',
    path: '/products?select=id',
    body: [{ name: `Bottle ${number}`, source_url: `${VIDEOS}${number}` }],
  })
  if (!added) return
  const id = added[0].id
  const [overview] = ask(name, one(id))
  let job = overview && { id: overview.job_id }
  while (job && !job.finished_at && !isOver()) {
    const began = Date.now()
    const [rows] = ask(name, { route: 'poll a job', path: `/jobs?select=*&id=eq.${job.id}` })
    job = rows ? rows[0] : job
    if (job && !job.finished_at) sleep(Math.max(0, 1 - (Date.now() - began) / 1000))
  }
  if (isOver()) throw new Over()
  if (job && job.status === 'succeeded') openPack(name, id)
}

function notifications(name) {
  const [rows] = ask(name, { route: 'notifications', path: '/notifications?select=*&order=created_at.desc&limit=100' })
  think(2, 6)
  const ids = (rows || []).filter(({ read_at }) => !read_at).map(({ id }) => id).slice(0, 20)
  if (!ids.length) return
  ask(name, {
    route: 'mark as read',
    method: 'PATCH',
    path: `/notifications?id=in.(${ids.join(',')})&select=id`,
    body: { read_at: new Date().toISOString() },
  })
}

function visit(name) {
  const [, , products] = ask(name, account, brands, list, unread)
  think(2, 8)
  const chosen = products && products.length ? products[Math.floor(Math.random() * products.length)].id : null
  if (chosen) openPack(name, chosen)
  if (chosen && chance(0.3)) write(name, chosen)
  if (chance(0.2)) notifications(name)
  if (chance(ADD_SHARE)) add(name)
  ask(name, list)
  think(5, 15)
}

export default function people() {
  const name = `load-${exec.vu.idInTest}`
  try {
    if (me.rounds++ === 0) {
      started.add(exec.scenario.startTime)
      sleep(Math.random() * RAMP)
    }
    visit(name)
  } catch (error) {
    if (error instanceof Over) return
    sleep(1)
    throw error
  }
}

export function handleSummary(data) {
  const routes = {}
  for (const [metric, { values }] of Object.entries(data.metrics)) {
    const found = metric.match(/^route_ms\{route:(.+)\}$/)
    if (found && values.count) {
      routes[found[1]] = { count: values.count, p50: values.med, p99: values['p(99)'], most: values.max }
    }
  }
  const count = (name) => (data.metrics[name] ? data.metrics[name].values.count : 0)
  const all = data.metrics.route_ms ? data.metrics.route_ms.values : { count: 0, med: 0, 'p(99)': 0 }
  return {
    [__ENV.SUMMARY]: JSON.stringify({
      seconds: SECONDS,
      requests: all.count,
      p50: all.med,
      p99: all['p(99)'],
      errors: count('errors'),
      unchanged: count('unchanged'),
      settled: count('settled'),
      started: data.metrics.started.values.value / 1000,
      routes,
    }),
  }
}
