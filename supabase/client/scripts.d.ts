import type { Tables } from './database.js';
import type { Job } from './jobs.js';
import type { Answer, Client } from './session.js';
export type Script = Tables<'scripts'>;
/** @import { Tables } from './database.js' */
/** @import { Job } from './jobs.js' */
/** @import { Answer, Client } from './session.js' */
/** @typedef {Tables<'scripts'>} Script */
/**
 * Has AI write a draft. `data` is null if the job failed; `onChange` then had the reason.
 * @param {Client} client
 * @param {string} product_id
 * @param {string} brief
 * @param {(job: Job) => void} [onChange]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer<Script | null>>}
 */
export declare function writeScript(client: Client, product_id: string, brief: string, onChange?: (job: Job) => void, signal?: AbortSignal): Promise<Answer<Script | null>>;
/**
 * @param {Client} client
 * @param {string} product_id
 * @param {string} content
 * @returns {Promise<Answer<Script>>}
 */
export declare function addScript(client: Client, product_id: string, content: string): Promise<Answer<Script>>;
/**
 * Two tabs conflict instead of overwriting each other: `data` is null if the script has changed
 * since `read`, or is gone. Then load it again and show both texts.
 * @param {Client} client
 * @param {Pick<Script, 'id' | 'version'>} read
 * @param {{ content?: string, title?: string | null }} changes
 * @returns {Promise<Answer<Script | null>>}
 */
export declare function saveScript(client: Client, read: Pick<Script, 'id' | 'version'>, changes: {
    content?: string;
    title?: string | null;
}): Promise<Answer<Script | null>>;
/**
 * Makes it final. 422 script_not_compliant names the rules that it breaks.
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<Script>>}
 */
export declare function finishScript(client: Client, id: string): Promise<Answer<Script>>;
/**
 * The newest first.
 * @param {Client} client
 * @param {string} script_id
 * @returns {Promise<Answer<Pick<Tables<'script_versions'>, 'version' | 'content' | 'created_at'>[]>>}
 */
export declare function earlierVersions(client: Client, script_id: string): Promise<Answer<Pick<Tables<'script_versions'>, 'version' | 'content' | 'created_at'>[]>>;
/**
 * An earlier text as a draft. The one it replaces becomes a version, too.
 * @param {Client} client
 * @param {string} script_id
 * @param {number} version
 * @returns {Promise<Answer<Script>>}
 */
export declare function restoreVersion(client: Client, script_id: string, version: number): Promise<Answer<Script>>;
