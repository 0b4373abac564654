import { connect } from './session.js'

/** @import { Tables } from './database.js' */
/** @import { NewShare, SharedPack } from './documents.js' */
/** @import { Answer, Client, Settings } from './session.js' */

/**
 * Makes a link's secret: the only time that it can be read.
 * @param {Client} client
 * @param {string} pack_id
 * @param {Date} [expiresAt]
 * @returns {Promise<Answer<NewShare>>}
 */
export async function sharePack(client, pack_id, expiresAt) {
  return client.rpc('share_pack', { pack_id, expires_at: expiresAt?.toISOString() })
}

/**
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<Answer<undefined>>}
 */
export async function revokeShare(client, id) {
  return client.rpc('revoke_share', { id })
}

/**
 * @param {Client} client
 * @param {string} pack_id
 * @returns {Promise<Answer<Tables<'shares'>[]>>}
 */
export async function listShares(client, pack_id) {
  return client.from('shares').select('*').eq('pack_id', pack_id).order('expires_at')
}

/**
 * For the page behind the link: nobody need be signed in.
 * @param {Settings} settings
 * @param {string} secret
 * @returns {Promise<Answer<SharedPack>>}
 */
export async function sharedPack(settings, secret) {
  return connect(settings).rpc('shared_pack', { secret })
}
