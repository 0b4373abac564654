import { watchJob } from './jobs.js'

/** @import { Tables } from './database.js' */
/** @import { Job } from './jobs.js' */
/** @import { Answer, Client } from './session.js' */

/** @typedef {Tables<'scripts'>} Script */

/**
 * Has AI write a draft. `data` is null if the job failed; `onChange` then had the reason.
 * @param {Client} client
 * @param {string} product_id
 * @param {string} brief
 * @param {(job: Job) => void} [onChange]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer<Script | null>>}
 */
export async function writeScript(client, product_id, brief, onChange, signal) {
  const asked = await client.rpc('generate_script', { product_id, brief })
  if (asked.error) return asked
  await watchJob(client, asked.data.id, onChange, signal)
  return client.from('scripts').select('*').eq('job_id', asked.data.id).maybeSingle()
}

/**
 * @param {Client} client
 * @param {string} product_id
 * @param {string} content
 * @returns {Promise<Answer<Script>>}
 */
export async function addScript(client, product_id, content) {
  return client.from('scripts').insert({ product_id, content }).select().single()
}

/**
 * Two tabs conflict instead of overwriting each other: `data` is null if the script has changed
 * since `read`, or is gone. Then load it again and show both texts.
 * @param {Client} client
 * @param {Pick<Script, 'id' | 'version'>} read
 * @param {{ content?: string, title?: string | null }} changes
 * @returns {Promise<Answer<Script | null>>}
 */
export async function saveScript(client, read, changes) {
  const { id, version } = read
  return client
    .from('scripts')
    .update(changes)
    .eq('id', id)
    .eq('version', version)
    .select()
    .maybeSingle()
}

/**
 * Makes it final. 422 script_not_compliant names the rules that it breaks.
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<Script>>}
 */
export async function finishScript(client, id) {
  return client.from('scripts').update({ status: 'final' }).eq('id', id).select().single()
}

/**
 * The newest first.
 * @param {Client} client
 * @param {string} script_id
 * @returns {Promise<Answer<Pick<Tables<'script_versions'>, 'version' | 'content' | 'created_at'>[]>>}
 */
export async function earlierVersions(client, script_id) {
  return client
    .from('script_versions')
    .select('version, content, created_at')
    .eq('script_id', script_id)
    .order('version', { ascending: false })
}

/**
 * An earlier text as a draft. The one it replaces becomes a version, too.
 * @param {Client} client
 * @param {string} script_id
 * @param {number} version
 * @returns {Promise<Answer<Script>>}
 */
export async function restoreVersion(client, script_id, version) {
  return client.rpc('restore_script_version', { script_id, version })
}
