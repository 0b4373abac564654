/** @import { Tables } from './database.js' */
/** @import { Change, ScoreRecord } from './documents.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'product_history'>} HistoryPoint */
/** @typedef {Tables<'product_comparison'>} Comparison */

/**
 * The points of a chart, the oldest first.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<HistoryPoint[]>>}
 */
export async function productHistory(client, product_id) {
  return client
    .from('product_history')
    .select('*')
    .eq('product_id', product_id)
    .order('analysed_at')
}

/**
 * What the newest pack says about the analysis before it; empty after the first one.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Change[]>>}
 */
export async function whatChanged(client, product_id) {
  const answer = await client
    .from('virality_packs')
    .select('changes:configuration->what_changed')
    .eq('product_id', product_id)
    .order('created_at', { ascending: false })
    .limit(1)
  return answer.error ? answer : { ...answer, data: answer.data[0]?.changes ?? [] }
}

/**
 * How often this account's scores were right; with a count, and an interval.
 * @param {Client} client
 * @returns {Promise<Answer<ScoreRecord>>}
 */
export async function scoreRecord(client) {
  return client.rpc('score_record', undefined, { get: true })
}

/**
 * The same for all accounts together.
 * @param {Client} client
 * @returns {Promise<Answer<ScoreRecord>>}
 */
export async function serviceScoreRecord(client) {
  return client.rpc('service_score_record', undefined, { get: true })
}

/**
 * Both are products of the account. 422 too_many_competitors: beyond five.
 * @param {Client} client
 * @param {string} product_id
 * @param {string} competitor_id
 * @returns {Promise<Answer<Tables<'competitors'>>>}
 */
export async function addCompetitor(client, product_id, competitor_id) {
  return client.from('competitors').insert({ product_id, competitor_id }).select().single()
}

/**
 * The latest numbers side by side: the product itself first, then its competitors.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Comparison[]>>}
 */
export async function compare(client, product_id) {
  return client
    .from('product_comparison')
    .select('*')
    .eq('product_id', product_id)
    .order('is_competitor')
    .order('name')
}
