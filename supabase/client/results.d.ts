/** @import { Tables } from './database.js' */
/** @import { Answer, Client } from './session.js' */
import type { Tables } from './database.js';
import type { Answer, Client } from './session.js';
export type Result = Tables<'analysis_results'>;
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
export declare function latestResults(client: Client, product_id: string): Promise<Answer<Result[]>>;
/**
 * One line for a card, of either type.
 * @param {Result} result
 * @returns {string}
 */
export declare function summary(result: Result): string;
