import type { Database, Tables } from './database.js';
import type { Account, ExportPage, PlanId, PlanPrice } from './documents.js';
import type { Answer, Client, EdgeAnswer } from './session.js';
/** @import { Database, Tables } from './database.js' */
/** @import { Account, ExportPage, PlanId, PlanPrice } from './documents.js' */
/** @import { Answer, Client, EdgeAnswer } from './session.js' */
declare const ROLES: readonly ['viewer', 'editor', 'admin'];
export type Role = typeof ROLES[number];
export type Locale = 'en' | 'es' | 'pt' | 'fr' | 'de';
/** @typedef {typeof ROLES[number]} Role */
/** @typedef {'en' | 'es' | 'pt' | 'fr' | 'de'} Locale */
/**
 * Plan, limits, what is used of them, the caller's role, and the subscription, if there is one.
 * @param {Client} client
 * @returns {Promise<Answer<Account>>}
 */
export declare function account(client: Client): Promise<Answer<Account>>;
/**
 * The language of the packs of later analyses.
 * @param {Client} client
 * @param {string} accountId
 * @param {Locale} locale
 * @returns {Promise<Answer<Pick<Tables<'accounts'>, 'locale'>>>}
 */
export declare function setLocale(client: Client, accountId: string, locale: Locale): Promise<Answer<Pick<Tables<'accounts'>, 'locale'>>>;
/**
 * The smallest first.
 * @param {Client} client
 * @returns {Promise<Answer<Tables<'plans'>[]>>}
 */
export declare function plans(client: Client): Promise<Answer<Tables<'plans'>[]>>;
/**
 * `$29.00` of 2900 usd. Each currency has its own number of decimals.
 * @param {Pick<PlanPrice, 'amount' | 'currency'>} price
 * @param {string} [locale]
 * @returns {string}
 */
export declare function priceText({ amount, currency }: Pick<PlanPrice, 'amount' | 'currency'>, locale?: string): string;
/**
 * Who acts for the organisation; empty for a person's own account.
 * @param {Client} client
 * @returns {Promise<Answer<Database['public']['Functions']['members']['Returns']>>}
 */
export declare function members(client: Client): Promise<Answer<Database['public']['Functions']['members']['Returns']>>;
/**
 * Whether to show what needs a role. The server decides by itself.
 * @param {Role} role
 * @param {Role} needed
 * @returns {boolean}
 */
export declare function may(role: Role, needed: Role): boolean;
/**
 * Everything stored about the account, page by page: `for await (const page of exportAccount(client))`.
 * Throws what the API refuses.
 * @param {Client} client
 * @returns {AsyncGenerator<ExportPage, void>}
 */
export declare function exportAccount(client: Client): AsyncGenerator<ExportPage, void>;
/**
 * Final, and it ends the session: from its answer on nothing can be read.
 * @param {Client} client
 * @returns {Promise<Answer<Database['public']['Functions']['delete_account']['Returns']>>}
 */
export declare function deleteAccount(client: Client): Promise<Answer<Database['public']['Functions']['delete_account']['Returns']>>;
/**
 * The address of a checkout page: `location.assign(data)`. 409 already_subscribed: use the portal.
 * @param {Client} client
 * @param {PlanId} plan
 * @param {PlanPrice['interval']} [interval]
 * @returns {Promise<EdgeAnswer<string>>}
 */
export declare function checkoutUrl(client: Client, plan: PlanId, interval?: PlanPrice['interval']): Promise<EdgeAnswer<string>>;
/**
 * The address of the page where people change or cancel. 404 no_customer: nothing bought yet.
 * @param {Client} client
 * @returns {Promise<EdgeAnswer<string>>}
 */
export declare function portalUrl(client: Client): Promise<EdgeAnswer<string>>;
/**
 * For /billing/success: the plan as Stripe knows it now, often before its event has come.
 * @param {Client} client
 * @returns {Promise<EdgeAnswer<PlanId>>}
 */
export declare function refreshPlan(client: Client): Promise<EdgeAnswer<PlanId>>;
/**
 * The page at TikTok where a creator agrees; it leads back to APP_URL/connections.
 * @param {Client} client
 * @returns {Promise<EdgeAnswer<string>>}
 */
export declare function tikTokUrl(client: Client): Promise<EdgeAnswer<string>>;
/**
 * For /connections, with `location.search`: hands over what TikTok put there.
 * @param {Client} client
 * @param {string} search
 * @returns {Promise<EdgeAnswer<true>>}
 */
export declare function connectTikTok(client: Client, search: string): Promise<EdgeAnswer<true>>;
export {};
