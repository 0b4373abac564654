import { advice } from './errors.js'
import { presence } from './session.js'
import { listen } from './watching.js'

/** @import { Tables } from './database.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'notifications'>} Notification */

const POLL_MILLISECONDS = 30_000
// While Realtime says what changes, this finds what it has missed.
const LOOK_MILLISECONDS = 120_000

/**
 * The newest first.
 * @param {Client} client
 * @returns {Promise<Answer<Notification[]>>}
 */
export async function unreadNotifications(client) {
  return client
    .from('notifications')
    .select('*')
    .is('read_at', null)
    .order('created_at', { ascending: false })
}

/**
 * @param {Client} client
 * @param {string[]} ids
 * @returns {Promise<Answer<Pick<Notification, 'id'>[]>>}
 */
export async function markAsRead(client, ids) {
  const read_at = new Date().toISOString()
  return client.from('notifications').update({ read_at }).in('id', ids).select('id')
}

/**
 * Calls `onNotification` with each one that comes from now on. Resolves when the person has signed
 * out, or `signal` says so. Without Realtime it asks twice a minute.
 * @param {Client} client
 * @param {(notification: Notification) => void} onNotification
 * @param {AbortSignal} [signal] A page that is left must abort it.
 * @returns {Promise<void>}
 */
export async function followNotifications(client, onNotification, signal) {
  if (signal?.aborted) return
  const isThere = presence(client)
  const changes = listen(client, { event: 'INSERT', table: 'notifications' }, signal)
  /** @type {Set<string> | undefined} */
  let known
  try {
    while (!signal?.aborted && (await isThere())) {
      const request = client.from('notifications').select('*')
      if (signal) request.abortSignal(signal)
      const newest = await request.order('created_at', { ascending: false }).limit(50)
      if (signal?.aborted) return
      if (newest.error && !['try again', 'wait'].includes(advice(newest.error).then)) return
      const rows = newest.data ?? []
      const unheard = known ? rows.filter(({ id }) => !known?.has(id)).reverse() : []
      if (newest.data) known = new Set([...(known ?? []), ...rows.map(({ id }) => id)])
      unheard.forEach(onNotification)
      await changes.next({ told: LOOK_MILLISECONDS, untold: POLL_MILLISECONDS })
    }
  } finally {
    changes.end()
  }
}
