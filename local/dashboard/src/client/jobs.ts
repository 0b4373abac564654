import type { Client } from './client.ts'
import type { Tables } from '../../../../supabase/types/database.ts'
import { advice } from './errors.ts'

export type Job = Tables<'jobs'>

/** Calls `onChange` with each new state; resolves with the last one, null if it can't be seen. */
export async function watchJob(
  client: Client,
  id: string | null,
  onChange: (job: Job) => void = () => {},
  signal?: AbortSignal,
): Promise<Job | null> {
  let seen = ''
  let failures = 0
  while (id && !signal?.aborted) {
    const { data: job, error } = await client.from('jobs').select('*').eq('id', id).maybeSingle()
    // A bad moment passes; what it doesn't pass is the end.
    failures = error ? failures + 1 : 0
    const isPassing = !!error && ['try again', 'wait'].includes(advice(error).then) && failures < 30
    if (!job && !isPassing) return null
    if (job && JSON.stringify(job) !== seen) {
      seen = JSON.stringify(job)
      onChange(job)
    }
    if (job?.finished_at) return job
    await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(1 + failures, 10)))
  }
  return null
}

export function cancelJob(client: Client, job_id: string) {
  return client.rpc('cancel_job', { job_id })
}
