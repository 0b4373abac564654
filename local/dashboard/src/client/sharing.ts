import { createClient } from '@supabase/supabase-js'
import type { Client, Settings } from './client.ts'
import type { Database } from '../../../../supabase/types/database.ts'

/** The row has `secret`: the only time that it can be read. */
export function sharePack(client: Client, pack_id: string, expiresAt?: Date) {
  return client.rpc('share_pack', { pack_id, expires_at: expiresAt?.toISOString() })
}

export function revokeShare(client: Client, id: string) {
  return client.rpc('revoke_share', { id })
}

export function listShares(client: Client, pack_id: string) {
  return client.from('shares').select('*').eq('pack_id', pack_id).order('expires_at')
}

/** For the page behind the link: nobody need be signed in. */
export function sharedPack({ apiUrl, anonKey }: Settings, secret: string) {
  const anybody = createClient<Database>(apiUrl, anonKey, { accessToken: async () => null })
  return anybody.rpc('shared_pack', { secret })
}
