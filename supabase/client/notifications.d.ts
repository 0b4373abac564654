import type { Tables } from './database.js';
import type { Answer, Client } from './session.js';
export type Notification = Tables<'notifications'>;
/**
 * The newest first.
 * @param {Client} client
 * @returns {Promise<Answer<Notification[]>>}
 */
export declare function unreadNotifications(client: Client): Promise<Answer<Notification[]>>;
/**
 * @param {Client} client
 * @param {string[]} ids
 * @returns {Promise<Answer<Pick<Notification, 'id'>[]>>}
 */
export declare function markAsRead(client: Client, ids: string[]): Promise<Answer<Pick<Notification, 'id'>[]>>;
/**
 * Calls `onNotification` with each one that comes from now on. Resolves when the person has signed
 * out, or `signal` says so. Without Realtime it asks twice a minute.
 * @param {Client} client
 * @param {(notification: Notification) => void} onNotification
 * @param {AbortSignal} [signal] A page that is left must abort it.
 * @returns {Promise<void>}
 */
export declare function followNotifications(client: Client, onNotification: (notification: Notification) => void, signal?: AbortSignal): Promise<void>;
