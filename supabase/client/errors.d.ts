/** @import { PostgrestError } from '@supabase/supabase-js' */
/** @import { ErrorDetails } from './documents.js' */
/** @import { Job } from './jobs.js' */
import type { PostgrestError } from '@supabase/supabase-js';
import type { ErrorDetails } from './documents.js';
import type { Job } from './jobs.js';
export type Problem = Pick<PostgrestError, 'code' | 'message' | 'details'>;
export type Advice = {
    show: string;
} & ({
    then: 'upgrade';
    resetsAt: string | null;
} | {
    then: 'mark field';
    field: string;
} | {
    then: 'mark rules';
    rules: NonNullable<ErrorDetails['rules']>;
} | {
    then: 'wait';
    seconds: number;
} | {
    then: 'sign in' | 'go back' | 'try again' | 'report' | 'nothing';
});
/**
 * `details` as data: bounds, reasons, broken rules. Empty where there are none.
 * @param {Problem} error
 * @returns {ErrorDetails}
 */
export declare function details(error: Problem): ErrorDetails;
/**
 * What to show for an error, and what else to do.
 * @param {Problem} error
 * @returns {Advice}
 */
export declare function advice(error: Problem): Advice;
/**
 * The same for a job that failed; null for any other. While it is in flight, `error_message` says
 * why its last attempt failed, and it is tried again by itself.
 * @param {Pick<Job, 'status' | 'error_code' | 'error_message'>} job
 * @returns {Advice | null}
 */
export declare function jobAdvice({ status, error_code, error_message }: Pick<Job, 'status' | 'error_code' | 'error_message'>): Advice | null;
