/** @import { Tables } from './database.js' */
/** @import { Answer, Client } from './session.js' */

/**
 * A document of an analysis; its `type` tells its `content`.
 * @typedef {Tables<'analysis_results'>} Result
 */

/**
 * The latest two documents of a product: sentiment and virality.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Result[]>>}
 */
export async function latestResults(client, product_id) {
  return client
    .from('analysis_results')
    .select('*')
    .eq('product_id', product_id)
    .order('created_at', { ascending: false })
    .limit(2)
}

/**
 * One line for a card, of either type.
 * @param {Result} result
 * @returns {string}
 */
export function summary(result) {
  if (result.type === 'sentiment_summary') {
    const { label, n } = result.content.overall
    return `${label}, from ${n} comments and reviews`
  }
  const { value, band } = result.content.stands_out
  return value === null ? band : `${band}: more than ${value} of 100 posts`
}
