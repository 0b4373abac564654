/** @import { Tables } from './database.js' */
/** @import { Answer, Client } from './session.js' */
import type { Tables } from './database.js';
import type { Answer, Client } from './session.js';
export type Brand = Tables<'brands'>;
export type BrandDetail = Brand & {
    products: Pick<Tables<'products'>, 'id' | 'name'>[];
    brand_rules: Tables<'brand_rules'>[];
};
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
export declare function addBrand(client: Client, name: string): Promise<Answer<Brand>>;
/**
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<BrandDetail>>}
 */
export declare function brandDetail(client: Client, id: string): Promise<Answer<BrandDetail>>;
/**
 * The rules of an archived brand rest.
 * @param {Client} client
 * @param {string} id
 * @param {boolean} isArchived
 * @returns {Promise<Answer<Brand>>}
 */
export declare function archiveBrand(client: Client, id: string, isArchived: boolean): Promise<Answer<Brand>>;
