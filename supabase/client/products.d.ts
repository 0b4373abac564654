/** @import { Tables, TablesInsert } from './database.js' */
/** @import { ImportedRow, Watch } from './documents.js' */
/** @import { Job } from './jobs.js' */
/** @import { Answer, Client } from './session.js' */
import type { Tables, TablesInsert } from './database.js';
import type { ImportedRow, Watch } from './documents.js';
import type { Job } from './jobs.js';
import type { Answer, Client } from './session.js';
export type Product = Tables<'products'>;
export type Overview = Tables<'product_overview'>;
export type ProductDetail = Product & {
    virality_packs: Tables<'virality_packs'>[];
    analysis_results: Tables<'analysis_results'>[];
    scripts: Tables<'scripts'>[];
};
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
export declare function listProducts(client: Client, after?: Pick<Overview, 'id' | 'created_at'>): Promise<Answer<Overview[]>>;
/**
 * Adds a product and queues its first analysis, whose id is `job_id` of the answer. With an `id` of
 * yours, one for each form, a double click adds one product.
 * @param {Client} client
 * @param {TablesInsert<'products'>} product
 * @returns {Promise<Answer<Overview>>}
 */
export declare function addProduct(client: Client, product: TablesInsert<'products'>): Promise<Answer<Overview>>;
/**
 * The product with its latest pack, the results of its last analysis and its newest twenty scripts.
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<ProductDetail>>}
 */
export declare function productDetail(client: Client, id: string): Promise<Answer<ProductDetail>>;
/**
 * Starts an analysis, or finds the one in flight.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Job>>}
 */
export declare function analyzeAgain(client: Client, product_id: string): Promise<Answer<Job>>;
/**
 * Adds up to 500 products. The answer has a row for each, in their order: the id, or why not.
 * @param {Client} client
 * @param {TablesInsert<'products'>[]} rows
 * @param {boolean} [allOrNone] Without it, those are added that can be.
 * @returns {Promise<Answer<ImportedRow[]>>}
 */
export declare function importProducts(client: Client, rows: TablesInsert<'products'>[], allOrNone?: boolean): Promise<Answer<ImportedRow[]>>;
/**
 * Has the product analysed again by itself. 402 quota_exceeded: the plan includes less.
 * @param {Client} client
 * @param {string} id
 * @param {Watch} watch
 * @returns {Promise<Answer<Pick<Product, 'watch'>>>}
 */
export declare function watchProduct(client: Client, id: string, watch: Watch): Promise<Answer<Pick<Product, 'watch'>>>;
/**
 * An archived product takes no slot of the plan and keeps all it has; restoring it needs a slot.
 * @param {Client} client
 * @param {string} id
 * @param {boolean} isArchived
 * @returns {Promise<Answer<Product>>}
 */
export declare function archiveProduct(client: Client, id: string, isArchived: boolean): Promise<Answer<Product>>;
/**
 * Names the brand and the tags of a product.
 * @param {Client} client
 * @param {string} id
 * @param {string | null} brand_id
 * @param {string[]} tags
 * @returns {Promise<Answer<Product>>}
 */
export declare function assignProduct(client: Client, id: string, brand_id: string | null, tags: string[]): Promise<Answer<Product>>;
