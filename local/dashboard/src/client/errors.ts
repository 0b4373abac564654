import type { PostgrestError } from '@supabase/supabase-js'
import type { ErrorDetails } from '../../../../supabase/types/documents.ts'

/** An error of supabase-js, or an EdgeError. */
export type Problem = Pick<PostgrestError, 'code' | 'message' | 'details'>

export function details(error: Problem): ErrorDetails {
  try {
    return JSON.parse(error.details) ?? {}
  } catch {
    return {}
  }
}

/** What to show, and what else to do. `report`: a mistake of the page, for its makers. */
export type Advice = { show: string } & (
  | { then: 'upgrade'; resetsAt: string | null }
  | { then: 'mark field'; field: string }
  | { then: 'mark rules'; rules: NonNullable<ErrorDetails['rules']> }
  | { then: 'wait'; seconds: number }
  | { then: 'sign in' | 'go back' | 'try again' | 'report' | 'nothing' }
)

const GONE = 'This is not there, or it is not yours.'
const AGAIN = 'That did not work just now. Please try again.'
const SLOW = 'That took too long. Please try again.'
const AWAY = 'The server is out of reach. Check your connection and try again.'
const SIGN_IN = 'Please sign in again.'

/** Codes whose own message is no sentence for people. */
const NATIVE: { [code: string]: Advice } = {
  PGRST301: { show: SIGN_IN, then: 'sign in' },
  PGRST303: { show: SIGN_IN, then: 'sign in' },
  PGRST116: { show: GONE, then: 'go back' },
  '22P02': { show: GONE, then: 'go back' },
  PGRST103: { show: 'There is nothing more.', then: 'go back' },
  PGRST000: { show: AWAY, then: 'try again' },
  PGRST001: { show: AWAY, then: 'try again' },
  PGRST002: { show: AWAY, then: 'try again' },
  PGRST003: { show: AWAY, then: 'try again' },
  '57014': { show: SLOW, then: 'try again' },
  '40P01': { show: AGAIN, then: 'try again' },
  '40001': { show: AGAIN, then: 'try again' },
  '55P03': { show: AGAIN, then: 'try again' },
  '23505': { show: AGAIN, then: 'try again' },
  '22P05': { show: 'The text has a character that can not be stored.', then: 'nothing' },
  '22003': { show: 'That number is too large.', then: 'nothing' },
}

export function advice(error: Problem): Advice {
  const { field, resets_at = null, retry_after_seconds = 60, rules = [] } = details(error)
  const { code, message: show } = error
  const native = NATIVE[code]
  if (native) return native
  switch (code) {
    case 'quota_exceeded':
      return { show, then: 'upgrade', resetsAt: resets_at }
    case 'rate_limited':
    case 'unavailable':
    case 'sign_in_unavailable':
    case 'billing_unavailable':
      return { show, then: 'wait', seconds: retry_after_seconds }
    case 'script_not_compliant':
      return { show, then: 'mark rules', rules }
    case 'not_signed_in':
    case 'invalid_token':
    case 'account_deleted':
      return { show, then: 'sign in' }
    case 'not_found':
      return { show, then: 'go back' }
    case 'internal_error':
    case 'billing_failed':
      return { show, then: 'try again' }
  }
  // A request that reached nobody has no code.
  if (!code || code === 'offline') return { show: AWAY, then: 'try again' }
  if (!/^[a-z_]+$/.test(code)) {
    return { show: 'This page asked for something that it can not have.', then: 'report' }
  }
  // invalid_name, invalid_url, invalid_rule, invalid_script, invalid_brief, already_exists …
  return field ? { show, then: 'mark field', field } : { show, then: 'nothing' }
}
