/** @import { Tables } from './database.js' */
/** @import { RuleDefinition, StarterPack } from './documents.js' */
/** @import { Answer, Client } from './session.js' */
import type { Tables } from './database.js';
import type { RuleDefinition, StarterPack } from './documents.js';
import type { Answer, Client } from './session.js';
export type BrandRule = Tables<'brand_rules'>;
/** @typedef {Tables<'brand_rules'>} BrandRule */
/**
 * Adds a rule, or replaces the one of this name. 422 invalid_rule names the field of a mistake.
 * @param {Client} client
 * @param {string} rule_name
 * @param {RuleDefinition} rule_definition
 * @returns {Promise<Answer<BrandRule>>}
 */
export declare function saveRule(client: Client, rule_name: string, rule_definition: RuleDefinition): Promise<Answer<BrandRule>>;
/**
 * The rules of the FTC or TikTok, to keep and change. Calling it again changes nothing.
 * @param {Client} client
 * @param {StarterPack} pack
 * @returns {Promise<Answer<BrandRule[]>>}
 */
export declare function adoptStarterRules(client: Client, pack: StarterPack): Promise<Answer<BrandRule[]>>;
/**
 * A rule without a brand applies to all scripts.
 * @param {Client} client
 * @param {string} id
 * @param {string | null} brand_id
 * @returns {Promise<Answer<BrandRule>>}
 */
export declare function assignRule(client: Client, id: string, brand_id: string | null): Promise<Answer<BrandRule>>;
