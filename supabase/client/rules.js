/** @import { Tables } from './database.js' */
/** @import { RuleDefinition, StarterPack } from './documents.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'brand_rules'>} BrandRule */

/**
 * Adds a rule, or replaces the one of this name. 422 invalid_rule names the field of a mistake.
 * @param {Client} client
 * @param {string} rule_name
 * @param {RuleDefinition} rule_definition
 * @returns {Promise<Answer<BrandRule>>}
 */
export async function saveRule(client, rule_name, rule_definition) {
  return client
    .from('brand_rules')
    .upsert({ rule_name, rule_definition }, { onConflict: 'user_id,rule_name' })
    .select()
    .single()
}

/**
 * The rules of the FTC or TikTok, to keep and change. Calling it again changes nothing.
 * @param {Client} client
 * @param {StarterPack} pack
 * @returns {Promise<Answer<BrandRule[]>>}
 */
export async function adoptStarterRules(client, pack) {
  return client.rpc('adopt_starter_rules', { pack })
}

/**
 * A rule without a brand applies to all scripts.
 * @param {Client} client
 * @param {string} id
 * @param {string | null} brand_id
 * @returns {Promise<Answer<BrandRule>>}
 */
export async function assignRule(client, id, brand_id) {
  return client.from('brand_rules').update({ brand_id }).eq('id', id).select().single()
}
