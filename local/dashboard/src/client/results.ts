import type { Client } from './client.ts'
import type { Tables } from '../../../../supabase/types/database.ts'

/** The latest documents of a product. */
export async function latestResults(client: Client, product_id: string) {
  const { data, error } = await client
    .from('analysis_results')
    .select('*')
    .eq('product_id', product_id)
    .order('created_at', { ascending: false })
    .limit(2)
  if (error) throw error
  return data
}

/** One line for a card, of either kind of result. */
export function summary(result: Tables<'analysis_results'>): string {
  if (result.type === 'sentiment_summary') {
    const { label, n } = result.content.overall
    return `${label}, from ${n} comments and reviews`
  }
  const { value, band } = result.content.stands_out
  return value === null ? band : `${band}: more than ${value} of 100 posts`
}
