/** @import { Tables } from './database.js' */
/** @import { Change, ScoreRecord } from './documents.js' */
/** @import { Answer, Client } from './session.js' */
import type { Tables } from './database.js';
import type { Change, ScoreRecord } from './documents.js';
import type { Answer, Client } from './session.js';
export type HistoryPoint = Tables<'product_history'>;
export type Comparison = Tables<'product_comparison'>;
/** @typedef {Tables<'product_history'>} HistoryPoint */
/** @typedef {Tables<'product_comparison'>} Comparison */
/**
 * The points of a chart, the oldest first.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<HistoryPoint[]>>}
 */
export declare function productHistory(client: Client, product_id: string): Promise<Answer<HistoryPoint[]>>;
/**
 * What the newest pack says about the analysis before it; empty after the first one.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Change[]>>}
 */
export declare function whatChanged(client: Client, product_id: string): Promise<Answer<Change[]>>;
/**
 * How often this account's scores were right; with a count, and an interval.
 * @param {Client} client
 * @returns {Promise<Answer<ScoreRecord>>}
 */
export declare function scoreRecord(client: Client): Promise<Answer<ScoreRecord>>;
/**
 * The same for all accounts together.
 * @param {Client} client
 * @returns {Promise<Answer<ScoreRecord>>}
 */
export declare function serviceScoreRecord(client: Client): Promise<Answer<ScoreRecord>>;
/**
 * Both are products of the account. 422 too_many_competitors: beyond five.
 * @param {Client} client
 * @param {string} product_id
 * @param {string} competitor_id
 * @returns {Promise<Answer<Tables<'competitors'>>>}
 */
export declare function addCompetitor(client: Client, product_id: string, competitor_id: string): Promise<Answer<Tables<'competitors'>>>;
/**
 * The latest numbers side by side: the product itself first, then its competitors.
 * @param {Client} client
 * @param {string} product_id
 * @returns {Promise<Answer<Comparison[]>>}
 */
export declare function compare(client: Client, product_id: string): Promise<Answer<Comparison[]>>;
