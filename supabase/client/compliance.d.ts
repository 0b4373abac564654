/** @import { Verdict } from './documents.js' */
/** @import { Answer, Client } from './session.js' */
import type { Verdict } from './documents.js';
import type { Answer, Client } from './session.js';
/**
 * Checks a text against the rules, within milliseconds. Without a product only the rules for all
 * brands apply.
 * @param {Client} client
 * @param {string} content
 * @param {string} [product_id]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer<Verdict[]>>}
 */
export declare function checkCompliance(client: Client, content: string, product_id?: string, signal?: AbortSignal): Promise<Answer<Verdict[]>>;
/**
 * What to call with each keystroke. The answer for a text that has changed since is dropped.
 * @param {Client} client
 * @param {string | undefined} product_id
 * @param {(content: string, verdicts: Verdict[]) => void} onVerdicts
 * @param {number} [waitMilliseconds]
 * @returns {(content: string) => void}
 */
export declare function checkWhileTyping(client: Client, product_id: string | undefined, onVerdicts: (content: string, verdicts: Verdict[]) => void, waitMilliseconds?: number): (content: string) => void;
/**
 * The text in pieces, each with the broken rules that mean it: one <mark> for each that has any.
 * @param {string} content
 * @param {Verdict[]} verdicts
 * @returns {{ text: string, verdicts: Verdict[] }[]}
 */
export declare function highlight(content: string, verdicts: Verdict[]): {
    text: string;
    verdicts: Verdict[];
}[];
