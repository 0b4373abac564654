import type { Client } from './session.js';
import type { Database } from './database.js';
/** @import { Client } from './session.js' */
/** @import { Database } from './database.js' */
/**
 * Waits that end early: at `ring`, or when the signal says so.
 * @param {AbortSignal} [signal]
 */
export declare function alarm(signal?: AbortSignal): {
    /** Ends the wait; the next one if there is none now. */
    ring(): void;
    /**
     * Whether it ended early.
     * @param {number} milliseconds
     * @returns {Promise<boolean>}
     */
    wait(milliseconds: number): Promise<boolean>;
};
/**
 * Waits for Realtime to say that rows have changed. Its channel ends for good when it fails.
 * @param {Client} client
 * @param {{ event: 'INSERT' | '*', table: keyof Database['public']['Tables'], filter?: string }} change
 * @param {AbortSignal} [signal]
 */
export declare function listen(client: Client, change: {
    event: 'INSERT' | '*';
    table: keyof Database['public']['Tables'];
    filter?: string;
}, signal?: AbortSignal): {
    end: () => void;
    /**
     * Until a change, until the person has left, or for this long: `told` while Realtime tells.
     * @param {{ told: number, untold: number }} milliseconds
     */
    next({ told, untold }: {
        told: number;
        untold: number;
    }): Promise<void>;
};
