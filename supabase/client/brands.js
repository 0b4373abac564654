/** @import { Tables } from './database.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'brands'>} Brand */

/**
 * A brand with all that hangs on it.
 * @typedef {Brand & {
 *   products: Pick<Tables<'products'>, 'id' | 'name'>[],
 *   brand_rules: Tables<'brand_rules'>[],
 * }} BrandDetail
 */

/**
 * @param {Client} client
 * @param {string} name
 * @returns {Promise<Answer<Brand>>}
 */
export async function addBrand(client, name) {
  return client.from('brands').insert({ name }).select().single()
}

/**
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<BrandDetail>>}
 */
export async function brandDetail(client, id) {
  return client.from('brands').select('*, products(id, name), brand_rules(*)').eq('id', id).single()
}

/**
 * The rules of an archived brand rest.
 * @param {Client} client
 * @param {string} id
 * @param {boolean} isArchived
 * @returns {Promise<Answer<Brand>>}
 */
export async function archiveBrand(client, id, isArchived) {
  const archived_at = isArchived ? new Date().toISOString() : null
  return client.from('brands').update({ archived_at }).eq('id', id).select().single()
}
