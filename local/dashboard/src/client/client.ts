import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../supabase/types/database.ts'
import { signedIn, type GetClerkToken } from './session.js'

export type Client = SupabaseClient<Database>
export type Settings = { apiUrl: string; edgeUrl: string; anonKey: string }

export function connect(settings: Settings, getClerkToken: GetClerkToken): Client {
  return createClient<Database>(
    settings.apiUrl,
    settings.anonKey,
    signedIn(settings.edgeUrl, getClerkToken),
  )
}
