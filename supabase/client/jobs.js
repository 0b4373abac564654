import { advice } from './errors.js'
import { presence } from './session.js'
import { alarm, listen } from './watching.js'

/** @import { Tables } from './database.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'jobs'>} Job */

const POLL_MILLISECONDS = 1_000
// While Realtime says what changes, this finds what it does not say: that the job is gone.
const LOOK_MILLISECONDS = 15_000
const MAX_FAILURES = 30

/**
 * Calls `onChange` with each new state, and resolves with the last one. It is null when the job is
 * gone, when the person has signed out or changed, and when `signal` says so. Polls.
 * @param {Client} client
 * @param {string | null} id
 * @param {(job: Job) => void} [onChange]
 * @param {AbortSignal} [signal] A page that is left must abort it.
 * @returns {Promise<Job | null>}
 */
export function watchJob(client, id, onChange, signal) {
  const { wait } = alarm(signal)
  return untilItEnds(client, id, onChange, signal, () => wait(POLL_MILLISECONDS))
}

/**
 * The same, told by Realtime where there is one. Polls when its channel fails.
 * @param {Client} client
 * @param {string | null} id
 * @param {(job: Job) => void} [onChange]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Job | null>}
 */
export async function followJob(client, id, onChange, signal) {
  if (!id || signal?.aborted) return null
  const changes = listen(client, { event: '*', table: 'jobs', filter: `id=eq.${id}` }, signal)
  const pause = () => changes.next({ told: LOOK_MILLISECONDS, untold: POLL_MILLISECONDS })
  try {
    return await untilItEnds(client, id, onChange, signal, pause)
  } finally {
    changes.end()
  }
}

/**
 * @param {Client} client
 * @param {string | null} id
 * @param {((job: Job) => void) | undefined} onChange
 * @param {AbortSignal | undefined} signal
 * @param {() => Promise<unknown>} pause
 * @returns {Promise<Job | null>}
 */
async function untilItEnds(client, id, onChange, signal, pause) {
  const isThere = presence(client)
  let seen = ''
  let failures = 0
  while (id && !signal?.aborted && (await isThere())) {
    const request = client.from('jobs').select('*').eq('id', id)
    if (signal) request.abortSignal(signal)
    const { data: job, error } = await request.maybeSingle()
    if (signal?.aborted) return null
    // A bad moment passes; what doesn't pass is the end.
    failures = error ? failures + 1 : 0
    if (error && (failures > MAX_FAILURES || !isPassing(advice(error).then))) return null
    if (!error && !job) return null
    if (job && JSON.stringify(job) !== seen) {
      seen = JSON.stringify(job)
      onChange?.(job)
    }
    if (job?.finished_at) return job
    for (let pauses = 0; pauses <= Math.min(failures, 9) && !signal?.aborted; pauses++) await pause()
  }
  return null
}

/** @param {string} then */
function isPassing(then) {
  return then === 'try again' || then === 'wait'
}

/**
 * A queued job ends at once, a running one within a second.
 * @param {Client} client
 * @param {string} job_id
 * @returns {Promise<Answer<Job>>}
 */
export async function cancelJob(client, job_id) {
  return client.rpc('cancel_job', { job_id })
}
