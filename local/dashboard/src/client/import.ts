import type { Client } from './client.ts'
import type { TablesInsert } from '../../../../supabase/types/database.ts'

export function importProducts(
  client: Client,
  rows: TablesInsert<'products'>[],
  allOrNone = false,
) {
  return client.rpc('import_products', { rows, all_or_none: allOrNone })
}
