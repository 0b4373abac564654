/** @import { PostgrestError } from '@supabase/supabase-js' */
/** @import { ErrorDetails } from './documents.js' */
/** @import { Job } from './jobs.js' */

/**
 * An error of supabase-js, or an EdgeError.
 * @typedef {Pick<PostgrestError, 'code' | 'message' | 'details'>} Problem
 */

/**
 * What to show, and what else to do. `report`: a mistake of the page, for its makers.
 * @typedef {{ show: string } & (
 *   | { then: 'upgrade', resetsAt: string | null }
 *   | { then: 'mark field', field: string }
 *   | { then: 'mark rules', rules: NonNullable<ErrorDetails['rules']> }
 *   | { then: 'wait', seconds: number }
 *   | { then: 'sign in' | 'go back' | 'try again' | 'report' | 'nothing' }
 * )} Advice
 */

const GONE = 'This is not there, or it is not yours.'
const AGAIN = 'That did not work just now. Please try again.'
const AWAY = 'The server is out of reach. Check your connection and try again.'
const SIGN_IN = 'Please sign in again.'
const MISTAKE = 'This page asked for something that it can not have.'

/**
 * Codes whose own message is no sentence for people. Any other code of PostgREST or PostgreSQL is a
 * mistake of the page.
 * @type {{ [code: string]: [show: string, then: 'sign in' | 'go back' | 'try again' | 'nothing'] }}
 */
const NATIVE = {
  offline: [AWAY, 'try again'],
  PGRST301: [SIGN_IN, 'sign in'],
  PGRST303: [SIGN_IN, 'sign in'],
  PGRST116: [GONE, 'go back'],
  '22P02': [GONE, 'go back'],
  PGRST103: ['There is nothing more.', 'go back'],
  PGRST000: [AWAY, 'try again'],
  PGRST001: [AWAY, 'try again'],
  PGRST002: [AWAY, 'try again'],
  PGRST003: [AWAY, 'try again'],
  '57014': ['That took too long. Please try again.', 'try again'],
  '40P01': [AGAIN, 'try again'],
  '40001': [AGAIN, 'try again'],
  '55P03': [AGAIN, 'try again'],
  '22P05': ['The text has a character that can not be stored.', 'nothing'],
  '22003': ['That number is too large.', 'nothing'],
}

/**
 * Codes of ours whose message is for people, by what else to do.
 * @type {{ [then in Exclude<Advice['then'], 'nothing' | 'mark field' | 'mark rules'>]: string[] }}
 */
const OURS = {
  upgrade: ['quota_exceeded', 'no_customer'],
  wait: ['rate_limited', 'unavailable', 'sign_in_unavailable', 'account_moving', 'no_room'],
  'sign in': ['not_signed_in', 'invalid_token', 'account_deleted', 'account_moved'],
  'go back': ['not_found'],
  'try again': [
    'internal_error', 'billing_failed', 'billing_unavailable', 'request_timeout', 'unknown_plan',
    'invalid_cursor', 'invalid_state', 'tiktok_denied', 'tiktok_failed',
    // Of jobs: to run again.
    'source_failed', 'source_too_slow', 'daily_budget_reached', 'pack_not_found',
    'result_not_stored',
  ],
  report: [
    'api_key_not_allowed', 'invalid_request', 'invalid_scopes', 'invalid_watch',
    'method_not_allowed', 'too_large', 'unsupported_media_type',
  ],
}

/** Codes of jobs that another value of a field avoids. */
const FIELDS = {
  source_url: [
    'url_not_allowed', 'page_not_found', 'page_not_readable', 'page_too_large', 'page_too_complex',
    'not_a_product', 'nothing_found', 'post_unavailable',
  ],
  brief: ['script_refused'],
}

/**
 * `details` as data: bounds, reasons, broken rules. Empty where there are none.
 * @param {Problem} error
 * @returns {ErrorDetails}
 */
export function details(error) {
  try {
    const found = JSON.parse(error.details)
    return typeof found === 'object' && found ? found : {}
  } catch {
    return {}
  }
}

/**
 * What to show for an error, and what else to do.
 * @param {Problem} error
 * @returns {Advice}
 */
export function advice(error) {
  const { code, message: show } = error
  // A request that reached nobody has no code.
  const native = NATIVE[code || 'offline']
  if (native) return { show: native[0], then: native[1] }
  if (!/^[a-z_]+$/.test(code)) return { show: MISTAKE, then: 'report' }

  const { field, resets_at = null, retry_after_seconds = 60, rules = [] } = details(error)
  if (code === 'script_not_compliant') return { show, then: 'mark rules', rules }
  const then = keyOf(OURS, code)
  if (then === 'upgrade') return { show, then, resetsAt: resets_at }
  if (then === 'wait') return { show, then, seconds: retry_after_seconds }
  if (then) return { show, then }
  // invalid_name, invalid_url, invalid_rule, invalid_script, invalid_brief, already_exists …
  const marked = field ?? keyOf(FIELDS, code)
  return marked ? { show, then: 'mark field', field: marked } : { show, then: 'nothing' }
}

/**
 * The same for a job that failed; null for any other. While it is in flight, `error_message` says
 * why its last attempt failed, and it is tried again by itself.
 * @param {Pick<Job, 'status' | 'error_code' | 'error_message'>} job
 * @returns {Advice | null}
 */
export function jobAdvice({ status, error_code, error_message }) {
  if (status !== 'failed' || !error_code) return null
  return advice({ code: error_code, message: error_message ?? AGAIN, details: '' })
}

/**
 * The key of the list that has the code.
 * @template {string} Key
 * @param {{ [key in Key]: string[] }} lists
 * @param {string} code
 */
function keyOf(lists, code) {
  const keys = /** @type {Key[]} */ (Object.keys(lists))
  return keys.find((key) => lists[key].includes(code))
}
