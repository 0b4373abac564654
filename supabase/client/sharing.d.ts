import type { Tables } from './database.js';
import type { NewShare, SharedPack } from './documents.js';
import type { Answer, Client, Settings } from './session.js';
/** @import { Tables } from './database.js' */
/** @import { NewShare, SharedPack } from './documents.js' */
/** @import { Answer, Client, Settings } from './session.js' */
/**
 * Makes a link's secret: the only time that it can be read.
 * @param {Client} client
 * @param {string} pack_id
 * @param {Date} [expiresAt]
 * @returns {Promise<Answer<NewShare>>}
 */
export declare function sharePack(client: Client, pack_id: string, expiresAt?: Date): Promise<Answer<NewShare>>;
/**
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<undefined>>}
 */
export declare function revokeShare(client: Client, id: string): Promise<Answer<undefined>>;
/**
 * @param {Client} client
 * @param {string} pack_id
 * @returns {Promise<Answer<Tables<'shares'>[]>>}
 */
export declare function listShares(client: Client, pack_id: string): Promise<Answer<Tables<'shares'>[]>>;
/**
 * For the page behind the link: nobody need be signed in.
 * @param {Settings} settings
 * @param {string} secret
 * @returns {Promise<Answer<SharedPack>>}
 */
export declare function sharedPack(settings: Settings, secret: string): Promise<Answer<SharedPack>>;
/**
 * The pack as a Markdown document.
 * @param {Client} client
 * @param {string} pack_id
 * @returns {Promise<Answer<string>>}
 */
export declare function packMarkdown(client: Client, pack_id: string): Promise<Answer<string>>;
/**
 * The pack as CSV. Excel reads UTF-8 only where a file says so: save it behind `\ufeff`.
 * @param {Client} client
 * @param {string} pack_id
 * @returns {Promise<Answer<string>>}
 */
export declare function packCsv(client: Client, pack_id: string): Promise<Answer<string>>;
