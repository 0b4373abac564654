/** @import { Client } from './session.js' */
/** @import { Database } from './database.js' */

/**
 * Waits that end early: at `ring`, or when the signal says so.
 * @param {AbortSignal} [signal]
 */
export function alarm(signal) {
  let isRung = false
  /** @type {() => void} */
  let wake = () => {}
  return {
    /** Ends the wait; the next one if there is none now. */
    ring() {
      isRung = true
      wake()
    },
    /**
     * @param {number} milliseconds
     * @returns {Promise<void>}
     */
    wait(milliseconds) {
      return new Promise((resolve) => {
        const timer = setTimeout(end, milliseconds)
        function end() {
          clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          isRung = false
          wake = () => {}
          resolve()
        }
        wake = end
        signal?.addEventListener('abort', end)
        if (isRung || signal?.aborted) end()
      })
    },
  }
}

let channels = 0

/**
 * Calls `onChange` when Realtime says that rows have changed, and after each (re)connection. Without
 * Realtime, or when its channel fails, `isOpen` is false: then ask from time to time.
 * @param {Client} client
 * @param {{ event: 'INSERT' | '*', table: keyof Database['public']['Tables'], filter?: string }} change
 * @param {() => void} onChange
 */
export function listen(client, change, onChange) {
  let isOver = false
  let isOpen = false
  const channel = client
    .channel(`${change.table} ${++channels}`)
    .on('postgres_changes', /** @type {any} */ ({ schema: 'public', ...change }), onChange)

  function end() {
    isOpen = false
    if (isOver) return
    isOver = true
    void client.removeChannel(channel)
  }

  // Joined without a token, a channel shows what a stranger may see: nothing.
  client.realtime
    .setAuth()
    .then(() => {
      if (isOver) return
      channel.subscribe((status) => {
        isOpen = !isOver && status === 'SUBSCRIBED'
        if (!isOpen) end()
        onChange()
      })
    })
    .catch(end)
  return { isOpen: () => isOpen, end }
}
