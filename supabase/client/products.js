/** @import { Tables, TablesInsert } from './database.js' */
/** @import { ImportedRow, Watch } from './documents.js' */
/** @import { Job } from './jobs.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'products'>} Product */

/**
 * What a list shows: the product, its latest pack, its scores and the job in flight.
 * @typedef {Tables<'product_overview'>} Overview
 */

/**
 * Everything of one product.
 * @typedef {Product & {
 *   virality_packs: Tables<'virality_packs'>[],
 *   analysis_results: Tables<'analysis_results'>[],
 *   scripts: Tables<'scripts'>[],
 * }} ProductDetail
 */

/**
 * Twenty products that are not archived, the newest first; the next twenty `after` the last one.
 * @param {Client} client
 * @param {Pick<Overview, 'id' | 'created_at'>} [after]
 * @returns {Promise<Answer<Overview[]>>}
 */
export async function listProducts(client, after) {
  const page = client
    .from('product_overview')
    .select('*')
    .is('archived_at', null)
    .order('created_at', { ascending: false })
    .order('id', { ascending: false })
    .limit(20)
  if (!after) return page
  const { created_at, id } = after
  // The first condition is what the index serves, the second tells products of one moment apart.
  return page.lte('created_at', created_at).or(`created_at.lt."${created_at}",id.lt.${id}`)
}

/**
 * Adds a product and queues its first analysis, whose id is `job_id` of the answer. With an `id` of
 * yours, one for each form, a double click adds one product.
 * @param {Client} client
 * @param {TablesInsert<'products'>} product
 * @returns {Promise<Answer<Overview>>}
 */
export async function addProduct(client, product) {
  const added = await client.from('products').insert(product).select('id').single()
  if (added.error) return added
  return client.from('product_overview').select('*').eq('id', added.data.id).single()
}

/**
 * The product with its latest pack, the results of its last analysis and its newest twenty scripts.
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<ProductDetail>>}
 */
export async function productDetail(client, id) {
  const newest = { ascending: false }
  return client
    .from('products')
    .select('*, virality_packs(*), analysis_results(*), scripts(*)')
    .eq('id', id)
    .order('created_at', { ...newest, referencedTable: 'virality_packs' })
    .limit(1, { referencedTable: 'virality_packs' })
    .order('created_at', { ...newest, referencedTable: 'analysis_results' })
    .limit(2, { referencedTable: 'analysis_results' })
    .order('created_at', { ...newest, referencedTable: 'scripts' })
    .limit(20, { referencedTable: 'scripts' })
    .single()
}

/**
 * Starts an analysis, or finds the one in flight.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Job>>}
 */
export async function analyzeAgain(client, product_id) {
  return client.rpc('run_analysis', { product_id })
}

/**
 * Adds up to 500 products. The answer has a row for each, in their order: the id, or why not.
 * @param {Client} client
 * @param {TablesInsert<'products'>[]} rows
 * @param {boolean} [allOrNone] Without it, those are added that can be.
 * @returns {Promise<Answer<ImportedRow[]>>}
 */
export async function importProducts(client, rows, allOrNone = false) {
  return client.rpc('import_products', { rows, all_or_none: allOrNone })
}

/**
 * Has the product analysed again by itself. 402 quota_exceeded: the plan includes less.
 * @param {Client} client
 * @param {string} id
 * @param {Watch} watch
 * @returns {Promise<Answer<Pick<Product, 'watch'>>>}
 */
export async function watchProduct(client, id, watch) {
  return client.from('products').update({ watch }).eq('id', id).select('watch').single()
}

/**
 * An archived product takes no slot of the plan and keeps all it has; restoring it needs a slot.
 * @param {Client} client
 * @param {string} id
 * @param {boolean} isArchived
 * @returns {Promise<Answer<Product>>}
 */
export async function archiveProduct(client, id, isArchived) {
  const archived_at = isArchived ? new Date().toISOString() : null
  return client.from('products').update({ archived_at }).eq('id', id).select().single()
}

/**
 * Names the brand and the tags of a product.
 * @param {Client} client
 * @param {string} id
 * @param {string | null} brand_id
 * @param {string[]} tags
 * @returns {Promise<Answer<Product>>}
 */
export async function assignProduct(client, id, brand_id, tags) {
  return client.from('products').update({ brand_id, tags }).eq('id', id).select().single()
}
