import type { Client } from './client.ts'

export function addBrand(client: Client, name: string) {
  return client.from('brands').insert({ name }).select().single()
}

/** With all that hangs on it: its products and rules. */
export function brandDetail(client: Client, id: string) {
  return client.from('brands').select('*, products(id, name), brand_rules(*)').eq('id', id).single()
}

export function archiveBrand(client: Client, id: string, isArchived: boolean) {
  const archived_at = isArchived ? new Date().toISOString() : null
  return client.from('brands').update({ archived_at }).eq('id', id).select().single()
}

export function assignProduct(client: Client, id: string, brand_id: string | null, tags: string[]) {
  return client.from('products').update({ brand_id, tags }).eq('id', id).select().single()
}

export function assignRule(client: Client, id: string, brand_id: string | null) {
  return client.from('brand_rules').update({ brand_id }).eq('id', id).select().single()
}

export function archiveProduct(client: Client, id: string, isArchived: boolean) {
  const archived_at = isArchived ? new Date().toISOString() : null
  return client.from('products').update({ archived_at }).eq('id', id).select().single()
}
