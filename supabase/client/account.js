import { callEdge } from './session.js'

/** @import { Database, Tables } from './database.js' */
/** @import { Account, ExportPage, PlanId } from './documents.js' */
/** @import { Answer, Client, EdgeAnswer } from './session.js' */

const ROLES = /** @type {const} */ (['viewer', 'editor', 'admin'])

/** @typedef {typeof ROLES[number]} Role */
/** @typedef {'en' | 'es' | 'pt' | 'fr' | 'de'} Locale */

/**
 * Plan, limits, what is used of them, the caller's role, and the subscription, if there is one.
 * @param {Client} client
 * @returns {Promise<Answer<Account>>}
 */
export async function account(client) {
  return client.rpc('account', undefined, { get: true })
}

/**
 * The language of the packs of later analyses.
 * @param {Client} client
 * @param {string} accountId
 * @param {Locale} locale
 * @returns {Promise<Answer<Pick<Tables<'accounts'>, 'locale'>>>}
 */
export async function setLocale(client, accountId, locale) {
  return client.from('accounts').update({ locale }).eq('id', accountId).select('locale').single()
}

/**
 * The smallest first.
 * @param {Client} client
 * @returns {Promise<Answer<Tables<'plans'>[]>>}
 */
export async function plans(client) {
  return client.from('plans').select('*').order('rank')
}

/**
 * Who acts for the organisation; empty for a person's own account.
 * @param {Client} client
 * @returns {Promise<Answer<Database['public']['Functions']['members']['Returns']>>}
 */
export async function members(client) {
  return client.rpc('members', undefined, { get: true })
}

/**
 * Whether to show what needs a role. The server decides by itself.
 * @param {Role} role
 * @param {Role} needed
 * @returns {boolean}
 */
export function may(role, needed) {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

/**
 * Everything stored about the account, page by page: `for await (const page of exportAccount(client))`.
 * Throws what the API refuses.
 * @param {Client} client
 * @returns {AsyncGenerator<ExportPage, void>}
 */
export async function* exportAccount(client) {
  /** @type {string | null | undefined} */
  let cursor
  do {
    const { data, error } = await client.rpc('export_account', cursor ? { cursor } : {})
    if (error) throw error
    yield data
    cursor = data.next_cursor
  } while (cursor)
}

/**
 * Final, and it ends the session: from its answer on nothing can be read.
 * @param {Client} client
 * @returns {Promise<Answer<Database['public']['Functions']['delete_account']['Returns']>>}
 */
export async function deleteAccount(client) {
  return client.rpc('delete_account')
}

/**
 * The address of a checkout page: `location.assign(data)`. 409 already_subscribed: use the portal.
 * @param {Client} client
 * @param {PlanId} plan
 * @returns {Promise<EdgeAnswer<string>>}
 */
export async function checkoutUrl(client, plan) {
  return part(await callEdge(client, '/subscriptions/create', { plan }), 'url')
}

/**
 * The address of the page where people change or cancel. 404 no_customer: nothing bought yet.
 * @param {Client} client
 * @returns {Promise<EdgeAnswer<string>>}
 */
export async function portalUrl(client) {
  return part(await callEdge(client, '/subscriptions/portal'), 'url')
}

/**
 * For /billing/success: the plan as Stripe knows it now, often before its event has come.
 * @param {Client} client
 * @returns {Promise<EdgeAnswer<PlanId>>}
 */
export async function refreshPlan(client) {
  return part(await callEdge(client, '/subscriptions/sync'), 'plan')
}

/**
 * The page at TikTok where a creator agrees; it leads back to APP_URL/connections.
 * @param {Client} client
 * @returns {Promise<EdgeAnswer<string>>}
 */
export async function tikTokUrl(client) {
  return part(await callEdge(client, '/tiktok/connect'), 'url')
}

/**
 * For /connections, with `location.search`: hands over what TikTok put there.
 * @param {Client} client
 * @param {string} search
 * @returns {Promise<EdgeAnswer<true>>}
 */
export async function connectTikTok(client, search) {
  const query = new URLSearchParams(search)
  const [state, code] = [query.get('state') ?? '', query.get('code') ?? '']
  const { error } = await callEdge(client, '/tiktok/callback', { state, code })
  return error ? { data: null, error } : { data: true, error: null }
}

/**
 * @param {EdgeAnswer<any>} answer
 * @param {string} name
 * @returns {EdgeAnswer<any>}
 */
function part(answer, name) {
  return answer.error ? answer : { data: answer.data[name], error: null }
}
