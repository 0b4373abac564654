import { presence } from './session.js'

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
     * Whether it ended early.
     * @param {number} milliseconds
     * @returns {Promise<boolean>}
     */
    wait(milliseconds) {
      return new Promise((resolve) => {
        const timer = setTimeout(end, milliseconds)
        function end() {
          const isEarly = isRung || signal?.aborted === true
          clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          isRung = false
          wake = () => {}
          resolve(isEarly)
        }
        wake = end
        signal?.addEventListener('abort', end)
        if (isRung || signal?.aborted) end()
      })
    },
  }
}

const STEP_MILLISECONDS = 1_000
let channels = 0

/**
 * Waits for Realtime to say that rows have changed. Its channel ends for good when it fails.
 * @param {Client} client
 * @param {{ event: 'INSERT' | '*', table: keyof Database['public']['Tables'], filter?: string }} change
 * @param {AbortSignal} [signal]
 */
export function listen(client, change, signal) {
  const { ring, wait } = alarm(signal)
  const isThere = presence(client)
  let isOver = false
  let isOpen = false
  const channel = client
    .channel(`${change.table} ${++channels}`)
    .on('postgres_changes', /** @type {any} */ ({ schema: 'public', ...change }), ring)

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
        // What happened before is read once more.
        ring()
      })
    })
    .catch(end)
  return {
    end,
    /**
     * Until a change, until the person has left, or for this long: `told` while Realtime tells.
     * @param {{ told: number, untold: number }} milliseconds
     */
    async next({ told, untold }) {
      const began = Date.now()
      while (!(await wait(Math.min(untold, STEP_MILLISECONDS)))) {
        if (Date.now() - began >= (isOpen ? told : untold) || !(await isThere())) return
      }
    },
  }
}
