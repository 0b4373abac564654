import type { Client } from './client.ts'
import type { Tables } from '../../../../supabase/types/database.ts'
import type { Change, Watch } from '../../../../supabase/types/documents.ts'

export type Notification = Tables<'notifications'>

/** 402 quota_exceeded: the plan includes less. */
export function watchProduct(client: Client, id: string, watch: Watch) {
  return client.from('products').update({ watch }).eq('id', id).select('watch').single()
}

/** The points of a chart, the oldest first. */
export function productHistory(client: Client, product_id: string) {
  return client.from('product_history').select('*').eq('product_id', product_id).order('analysed_at')
}

/** What the newest pack says about the analysis before it; empty after the first one. */
export async function whatChanged(client: Client, product_id: string): Promise<Change[]> {
  const { data, error } = await client
    .from('virality_packs')
    .select('changes:configuration->what_changed')
    .eq('product_id', product_id)
    .order('created_at', { ascending: false })
    .limit(1)
  if (error) throw error
  return data[0]?.changes ?? []
}

export function scoreRecord(client: Client) {
  return client.rpc('score_record', undefined, { get: true })
}

export function serviceScoreRecord(client: Client) {
  return client.rpc('service_score_record', undefined, { get: true })
}

/** Both are products of the account; 422 too_many_competitors beyond five. */
export function addCompetitor(client: Client, product_id: string, competitor_id: string) {
  return client.from('competitors').insert({ product_id, competitor_id }).select().single()
}

/** The latest numbers side by side: the product itself first, then its competitors. */
export function compare(client: Client, product_id: string) {
  return client
    .from('product_comparison')
    .select('*')
    .eq('product_id', product_id)
    .order('is_competitor')
    .order('name')
}

export function unreadNotifications(client: Client) {
  return client
    .from('notifications')
    .select('*')
    .is('read_at', null)
    .order('created_at', { ascending: false })
}

export function markAsRead(client: Client, ids: string[]) {
  const read_at = new Date().toISOString()
  return client.from('notifications').update({ read_at }).in('id', ids).select('id')
}

/** Calls `onNotification` with each new one where there is Realtime; returns what ends it. */
export function followNotifications(
  client: Client,
  onNotification: (notification: Notification) => void,
): () => void {
  let isOver = false
  const channel = client
    .channel('notifications')
    .on<Notification>(
      'postgres_changes',
      { event: 'INSERT', schema: 'public', table: 'notifications' },
      ({ new: notification }) => onNotification(notification),
    )
  void client.realtime.setAuth().then(() => {
    if (!isOver) channel.subscribe()
  })
  return () => {
    isOver = true
    void client.removeChannel(channel)
  }
}
