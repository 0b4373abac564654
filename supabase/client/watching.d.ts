/** @import { Client } from './session.js' */
/** @import { Database } from './database.js' */
import type { Client } from './session.js';
import type { Database } from './database.js';
/**
 * Waits that end early: at `ring`, or when the signal says so.
 * @param {AbortSignal} [signal]
 */
export declare function alarm(signal?: AbortSignal): {
    /** Ends the wait; the next one if there is none now. */
    ring(): void;
    /**
     * @param {number} milliseconds
     * @returns {Promise<void>}
     */
    wait(milliseconds: number): Promise<void>;
};
/**
 * Calls `onChange` when Realtime says that rows have changed, and after each (re)connection. Without
 * Realtime, or when its channel fails, `isOpen` is false: then ask from time to time.
 * @param {Client} client
 * @param {{ event: 'INSERT' | '*', table: keyof Database['public']['Tables'], filter?: string }} change
 * @param {() => void} onChange
 */
export declare function listen(client: Client, change: {
    event: 'INSERT' | '*';
    table: keyof Database['public']['Tables'];
    filter?: string;
}, onChange: () => void): {
    isOpen: () => boolean;
    end: () => void;
};
