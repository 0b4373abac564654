import type { Client } from './client.ts'
import { watchJob, type Job } from './jobs.ts'

/** Has AI write a draft; undefined if the job failed, whose row then says why. */
export async function writeScript(
  client: Client,
  product_id: string,
  brief: string,
  onChange?: (job: Job) => void,
) {
  const { data: job, error } = await client.rpc('generate_script', { product_id, brief })
  if (error) throw error
  await watchJob(client, job.id, onChange)
  const { data } = await client.from('scripts').select('*').eq('job_id', job.id).maybeSingle()
  return data
}

export function addScript(client: Client, product_id: string, content: string) {
  return client.from('scripts').insert({ product_id, content }).select().single()
}

/** `data` is null if the script has changed since `read`, or is gone. */
export function saveScript(
  client: Client,
  read: { id: string; version: number },
  changes: { content?: string; title?: string | null },
) {
  const { id, version } = read
  return client
    .from('scripts')
    .update(changes)
    .eq('id', id)
    .eq('version', version)
    .select()
    .maybeSingle()
}

/** 422 script_not_compliant names the rules that it breaks. */
export function finishScript(client: Client, id: string) {
  return client.from('scripts').update({ status: 'final' }).eq('id', id).select().single()
}

export function earlierVersions(client: Client, script_id: string) {
  return client
    .from('script_versions')
    .select('version, content, created_at')
    .eq('script_id', script_id)
    .order('version', { ascending: false })
}

/** An earlier text as a draft; the one it replaces becomes a version too. */
export function restoreVersion(client: Client, script_id: string, version: number) {
  return client.rpc('restore_script_version', { script_id, version })
}
