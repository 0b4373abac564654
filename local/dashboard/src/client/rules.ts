import type { Client } from './client.ts'
import type { RuleDefinition } from '../../../../supabase/types/documents.ts'

export function saveRule(client: Client, rule_name: string, rule_definition: RuleDefinition) {
  return client
    .from('brand_rules')
    .upsert({ rule_name, rule_definition }, { onConflict: 'user_id,rule_name' })
    .select()
    .single()
}

/** The rules of the FTC or TikTok, to keep and change; calling it again changes nothing. */
export function adoptStarterRules(client: Client, pack: 'ftc' | 'tiktok') {
  return client.rpc('adopt_starter_rules', { pack })
}
