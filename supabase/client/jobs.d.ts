import type { Tables } from './database.js';
import type { Answer, Client } from './session.js';
export type Job = Tables<'jobs'>;
/**
 * Calls `onChange` with each new state, and resolves with the last one. It is null when the job is
 * gone, when the person has signed out or changed, and when `signal` says so. Polls.
 * @param {Client} client
 * @param {string | null} id
 * @param {(job: Job) => void} [onChange]
 * @param {AbortSignal} [signal] A page that is left must abort it.
 * @returns {Promise<Job | null>}
 */
export declare function watchJob(client: Client, id: string | null, onChange?: (job: Job) => void, signal?: AbortSignal): Promise<Job | null>;
/**
 * The same, told by Realtime where there is one. Polls when its channel fails.
 * @param {Client} client
 * @param {string | null} id
 * @param {(job: Job) => void} [onChange]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Job | null>}
 */
export declare function followJob(client: Client, id: string | null, onChange?: (job: Job) => void, signal?: AbortSignal): Promise<Job | null>;
/**
 * A queued job ends at once, a running one within a second.
 * @param {Client} client
 * @param {string} job_id
 * @returns {Promise<Answer<Job>>}
 */
export declare function cancelJob(client: Client, job_id: string): Promise<Answer<Job>>;
