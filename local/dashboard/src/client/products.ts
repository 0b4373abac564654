import type { Client } from './client.ts'
import type { Tables } from '../../../../supabase/types/database.ts'

export type Overview = Tables<'product_overview'>

export function listProducts(client: Client, after?: Overview) {
  const page = client
    .from('product_overview')
    .select('*')
    .is('archived_at', null)
    .order('created_at', { ascending: false })
    .order('id', { ascending: false })
    .limit(20)
  if (!after) return page
  const { created_at, id } = after
  // The first condition is what the index serves, the second tells products of one moment apart.
  return page.lte('created_at', created_at).or(`created_at.lt."${created_at}",id.lt.${id}`)
}

export async function addProduct(client: Client, name: string, source_url: string) {
  const added = await client.from('products').insert({ name, source_url }).select('id').single()
  if (added.error) return added
  return client.from('product_overview').select('*').eq('id', added.data.id).single()
}

/** Everything of one product: its latest pack, the results of its last analysis, its scripts. */
export function productDetail(client: Client, id: string) {
  const newest = { ascending: false }
  return client
    .from('products')
    .select('*, virality_packs(*), analysis_results(*), scripts(*)')
    .eq('id', id)
    .order('created_at', { ...newest, referencedTable: 'virality_packs' })
    .limit(1, { referencedTable: 'virality_packs' })
    .order('created_at', { ...newest, referencedTable: 'analysis_results' })
    .limit(2, { referencedTable: 'analysis_results' })
    .order('created_at', { ...newest, referencedTable: 'scripts' })
    .limit(20, { referencedTable: 'scripts' })
    .single()
}

export function analyzeAgain(client: Client, product_id: string) {
  return client.rpc('run_analysis', { product_id })
}

/** The language of the packs of later analyses. RLS limits the change to the caller's own account. */
export function setLocale(client: Client, accountId: string, locale: 'en' | 'es' | 'pt' | 'fr' | 'de') {
  return client.from('accounts').update({ locale }).eq('id', accountId).select('locale').single()
}
