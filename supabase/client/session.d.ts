import type { PostgrestSingleResponse, SupabaseClient, SupabaseClientOptions } from '@supabase/supabase-js';
import type { Database } from './database.js';
export type Client = SupabaseClient<Database>;
export type Settings = {
    apiUrl: string;
    anonKey: string;
    edgeUrl?: string;
};
export type GetClerkToken = (options?: {
    skipCache?: boolean;
}) => Promise<string | null | undefined> | string | null | undefined;
export type Answer<T> = PostgrestSingleResponse<T>;
export type EdgeAnswer<T> = {
    data: T;
    error: null;
} | {
    data: null;
    error: EdgeError;
};
export type Cell = {
    apiUrl: string;
    anonKey?: string;
};
export type Bearer = {
    person: string | null;
    token: string | null;
    cell?: Cell;
};
/** What the Flask app or this client refuses, with the members of PostgREST's errors. */
export declare class EdgeError extends Error {
    code: string;
    status: number;
    /** JSON text, or empty. */
    details: string;
    hint: string;
    /** @param {{ code: string, message: string, status: number, details?: object }} problem */
    constructor({ code, message, status, details }: {
        code: string;
        message: string;
        status: number;
        details?: object;
    });
}
export type Kept = {
    person: string;
    token: Promise<string>;
    value?: string;
    cell?: Cell;
    until: number;
};
/**
 * A client of supabase-js that acts for whoever Clerk says is signed in, person or organisation.
 * @param {Settings} settings
 * @param {GetClerkToken} [getClerkToken] Without it, the client is nobody: for shared packs and plans.
 * @param {SupabaseClientOptions<'public'>} [options] Other options of `createClient`.
 * @returns {Client}
 */
export declare function connect(settings: Settings, getClerkToken?: GetClerkToken, options?: SupabaseClientOptions<'public'>): Client;
/**
 * The access token for a request of your own: null while nobody is signed in. Throws an EdgeError.
 * @param {Client} client
 */
export declare function accessToken(client: Client): Promise<string | null>;
/**
 * POSTs to a route of the Flask app.
 * @param {Client} client
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<EdgeAnswer<any>>}
 */
export declare function callEdge(client: Client, path: string, body?: object): Promise<EdgeAnswer<any>>;
/**
 * A function that tells whether the person of now is still signed in. It asks Clerk, not the network.
 * @param {Client} client
 * @returns {() => Promise<boolean>}
 */
export declare function presence(client: Client): () => Promise<boolean>;
