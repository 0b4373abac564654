import { createClient } from '@supabase/supabase-js'

/** @import { PostgrestSingleResponse, SupabaseClient, SupabaseClientOptions } from '@supabase/supabase-js' */
/** @import { Database } from './database.js' */

/** @typedef {SupabaseClient<Database>} Client */

/**
 * Where the API is. `edgeUrl` is the Flask app, for hosts that keep it apart from `apiUrl`.
 * @typedef {{ apiUrl: string, anonKey: string, edgeUrl?: string }} Settings
 */

/**
 * Clerk's `session.getToken`, which has a cache of its own. It gives nothing while nobody is signed in.
 * @callback GetClerkToken
 * @param {{ skipCache?: boolean }} [options]
 * @returns {Promise<string | null | undefined> | string | null | undefined}
 */

/**
 * `{ data, error }`, as every call of supabase-js answers.
 * @template T
 * @typedef {PostgrestSingleResponse<T>} Answer
 */

/**
 * The same of the Flask app.
 * @template T
 * @typedef {{ data: T, error: null } | { data: null, error: EdgeError }} EdgeAnswer
 */

/**
 * Where the account lives, if the server has several cells.
 * @typedef {{ apiUrl: string, anonKey?: string }} Cell
 */

/** @typedef {{ person: string | null, token: string | null, cell?: Cell }} Bearer */

const WAIT_MILLISECONDS = 20_000
const EARLY_SECONDS = 30

/** What the Flask app or this client refuses, with the members of PostgREST's errors. */
export class EdgeError extends Error {
  /** @param {{ code: string, message: string, status: number, details?: object }} problem */
  constructor({ code, message, status, details = {} }) {
    super(message)
    this.name = 'EdgeError'
    this.code = code
    this.status = status
    /** JSON text, or empty. */
    this.details = Object.keys(details).length ? JSON.stringify(details) : ''
    this.hint = ''
  }
}

function offline() {
  return new EdgeError({ code: 'offline', message: 'The server is out of reach.', status: 503 })
}

function changed() {
  const message = 'The person has signed out, or somebody else has signed in.'
  return new EdgeError({ code: 'signed_out', message, status: 401 })
}

/**
 * What a refusal of the Flask app says. A proxy in between may answer with a page of its own.
 * @param {Response} answer
 * @param {any} document
 */
function refusal(answer, document) {
  const { code = 'unavailable', detail, message, details } = document
  const seconds = Number(answer.headers.get('Retry-After')) || undefined
  return new EdgeError({
    code,
    message: detail ?? message ?? 'The server has a problem. Try again in a minute.',
    status: answer.status,
    // An object from the Flask app, a text from `authorized`.
    details: {
      ...(typeof details === 'string' ? JSON.parse(details || '{}') : details),
      ...(seconds && { retry_after_seconds: seconds }),
    },
  })
}

/**
 * Exchanges Clerk's token once. Throws an EdgeError.
 * @param {string} edgeUrl
 * @param {string} clerkToken
 * @returns {Promise<{ access_token: string, expires_in: number, cell?: string, api_url: string, anon_key?: string }>}
 */
async function post(edgeUrl, clerkToken) {
  const answer = await fetch(`${edgeUrl}/auth/session`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${clerkToken}` },
    signal: AbortSignal.timeout(WAIT_MILLISECONDS),
  }).catch(() => {
    throw offline()
  })
  const document = await answer.json().catch(() => ({}))
  if (!answer.ok || !document.access_token) throw refusal(answer, document)
  return document
}

/**
 * The claims of a JWT; none of what is no JWT, such as an API key.
 * @param {string} token
 * @returns {{ sub?: string, sid?: string, org_id?: string, o?: { id?: string }, azp?: string, iat?: number }}
 */
function claims(token) {
  try {
    const [, payload = ''] = token.split('.')
    return JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')))
  } catch {
    return {}
  }
}

/**
 * Whose token it is: another session or organisation must not get this one's.
 * @param {string} clerkToken
 */
function bearer(clerkToken) {
  const { sub, sid, org_id, o } = claims(clerkToken)
  return sub ? JSON.stringify([sub, sid, org_id ?? o?.id]) : clerkToken
}

/**
 * Whether Clerk's fresh token may pass where `refused` did not. The first one after a redirect lacks
 * a claim, and one from before a change of the membership is too old.
 * @param {string | null} fresh
 * @param {string} refused
 * @returns {fresh is string}
 */
function isBetter(fresh, refused) {
  if (!fresh || fresh === refused || bearer(fresh) === fresh) return false
  const { azp, iat = 0 } = claims(refused)
  return !azp || (claims(fresh).iat ?? 0) - iat >= 2
}

/** @typedef {{ person: string, token: Promise<string>, value?: string, cell?: Cell, until: number }} Kept */

/** One session at a time: the token of whoever is signed in, and nobody else's. */
class Session {
  /** @type {Kept | undefined} */
  #kept
  #edgeUrl
  #getClerkToken

  /**
   * @param {string} edgeUrl
   * @param {GetClerkToken} getClerkToken
   */
  constructor(edgeUrl, getClerkToken) {
    this.#edgeUrl = edgeUrl
    this.#getClerkToken = getClerkToken
  }

  /**
   * The person and the token of the next request; `insteadOf` is a token that was refused.
   * @param {string} [insteadOf]
   * @returns {Promise<Bearer>}
   */
  async current(insteadOf) {
    const clerkToken = await this.#ask()
    if (!clerkToken) {
      this.#kept = undefined
      return { person: null, token: null }
    }
    const person = bearer(clerkToken)
    let kept = this.#kept
    const isRefused = insteadOf !== undefined && kept?.value === insteadOf
    if (!kept || kept.person !== person || isRefused || Date.now() >= kept.until) {
      // Requests that come meanwhile wait for this exchange.
      kept = this.#kept = this.#begin(person, clerkToken)
    }
    const hadToWait = kept.value === undefined
    const token = await kept.token
    if (hadToWait && !(await this.isStill(person))) throw changed()
    return { person, token, cell: kept.cell }
  }

  /**
   * Whether this person is still signed in, in this organisation.
   * @param {string} person
   */
  async isStill(person) {
    try {
      const clerkToken = await this.#ask()
      if (clerkToken && bearer(clerkToken) === person) return true
      if (this.#kept?.person === person) this.#kept = undefined
      return false
    } catch {
      // Clerk is out of reach, and whoever signs out needs no network.
      return true
    }
  }

  /** @param {{ skipCache?: boolean }} [options] */
  async #ask(options) {
    try {
      return (await this.#getClerkToken(options)) || null
    } catch {
      throw offline()
    }
  }

  /**
   * @param {string} person
   * @param {string} clerkToken
   */
  #begin(person, clerkToken) {
    /** @type {Kept} */
    const mine = { person, until: Infinity, token: Promise.resolve('') }
    mine.token = this.#exchange(person, clerkToken).then(
      ({ access_token, expires_in, cell, api_url, anon_key }) => {
        mine.cell = cell === undefined ? undefined : { apiUrl: api_url, anonKey: anon_key }
        // expires_at, counted on this machine's clock, which may be wrong.
        mine.until = Date.now() + (expires_in - EARLY_SECONDS) * 1000
        return (mine.value = access_token)
      },
      (error) => {
        // Requests of the same moment share a refusal. One that names a time holds that long.
        const { retry_after_seconds = 1 } = JSON.parse(error.details || '{}')
        mine.until = Date.now() + Math.min(retry_after_seconds, 60) * 1000
        throw error
      },
    )
    return mine
  }

  /**
   * @param {string} person
   * @param {string} clerkToken
   */
  async #exchange(person, clerkToken) {
    try {
      return await post(this.#edgeUrl, clerkToken)
    } catch (error) {
      if (!(error instanceof EdgeError) || error.status !== 401) throw error
      const fresh = await this.#ask({ skipCache: true })
      if (!isBetter(fresh, clerkToken)) throw error
      if (bearer(fresh) !== person && bearer(clerkToken) !== clerkToken) throw changed()
      return post(this.#edgeUrl, fresh)
    }
  }
}

/**
 * A `fetch` that acts for whoever is signed in. Refusals of the exchange are answers of PostgREST's
 * form. An answer that arrives after its person has left is dropped. Requests to the API go to the
 * cell where the account lives.
 * @param {Session} session
 * @param {typeof fetch} send
 * @param {string} apiUrl
 * @returns {typeof fetch}
 */
function authorized(session, send, apiUrl) {
  const api = `${apiUrl.replace(/\/+$/, '')}/rest/`

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} init
   * @param {Bearer} mine
   */
  function sendAs(input, init, { token, cell }) {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${token ?? headers.get('apikey')}`)
    if (!cell || input instanceof Request || !String(input).startsWith(api)) {
      return send(input, { ...init, headers })
    }
    if (cell.anonKey) headers.set('apikey', cell.anonKey)
    return send(`${cell.apiUrl}/rest/${String(input).slice(api.length)}`, { ...init, headers })
  }

  return async (input, init = {}) => {
    try {
      const mine = await session.current()
      let answer = await sendAs(input, init, mine)
      if (answer.status === 401 && mine.token) {
        // It ended early, or its key did: nothing was done, so the request is repeated once.
        const again = await session.current(mine.token)
        // Who has signed in meanwhile did not ask for this.
        if (again.person !== mine.person) throw changed()
        answer = await sendAs(input, init, again)
      }
      if (!mine.person) return answer
      const whole = await complete(answer)
      if (!(await session.isStill(mine.person))) throw changed()
      return whole
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error
      const { code, message, details, status } = error
      const body = JSON.stringify({ code, message, details, hint: null })
      // postgrest-js repeats a 503 by itself, up to three times: at once, for the refusal is kept.
      return new Response(body, { status, headers: { 'Retry-After': '0' } })
    }
  }
}

/**
 * The answer with its whole body read.
 * @param {Response} answer
 */
async function complete(answer) {
  const { status, statusText, headers } = answer
  const body = await answer.arrayBuffer()
  return new Response([204, 205, 304].includes(status) ? null : body, { status, statusText, headers })
}

/** @type {WeakMap<Client, { edgeUrl: string, session: Session, fetch: typeof fetch }>} */
const connections = new WeakMap()

/** Stands where there is no WebSocket, as in Node 20: `follow…` polls instead. */
class NoWebSocket {
  constructor() {
    throw new Error('There is no WebSocket here.')
  }
}

/**
 * A client of supabase-js that acts for whoever Clerk says is signed in, person or organisation.
 * @param {Settings} settings
 * @param {GetClerkToken} [getClerkToken] Without it, the client is nobody: for shared packs and plans.
 * @param {SupabaseClientOptions<'public'>} [options] Other options of `createClient`.
 * @returns {Client}
 */
export function connect(settings, getClerkToken = () => null, options = {}) {
  const { apiUrl, anonKey, edgeUrl = apiUrl } = settings
  const session = new Session(edgeUrl, getClerkToken)
  const send = authorized(session, options.global?.fetch ?? ((...request) => fetch(...request)), apiUrl)
  const realtime = typeof WebSocket === 'undefined' ? { transport: NoWebSocket } : {}
  /** @type {any} */
  const all = {
    ...options,
    // Not the token: to wait for it here would send the request as whoever is there afterwards.
    accessToken: async () => null,
    global: { ...options.global, fetch: send },
    realtime: {
      ...realtime,
      // Null where the exchange is refused.
      accessToken: () => session.current().then(({ token }) => token, () => null),
      ...options.realtime,
    },
  }
  /** @type {Client} */
  const client = createClient(apiUrl, anonKey, all)
  client.auth = readable(client.auth, session)
  connections.set(client, { edgeUrl, session, fetch: send })
  return client
}

/**
 * `auth` with `getSession`, which libraries such as ra-supabase ask for the token. All else is Clerk's.
 * @param {Client['auth']} auth
 * @param {Session} session
 */
function readable(auth, session) {
  async function getSession() {
    try {
      const { token } = await session.current()
      return { data: { session: token && { access_token: token, token_type: 'bearer' } }, error: null }
    } catch (error) {
      return { data: { session: null }, error }
    }
  }
  return new Proxy(auth, {
    get: (target, name) => (name === 'getSession' ? getSession : Reflect.get(target, name)),
  })
}

/**
 * The access token for a request of your own: null while nobody is signed in. Throws an EdgeError.
 * @param {Client} client
 */
export async function accessToken(client) {
  return (await connection(client).session.current()).token
}

/**
 * POSTs to a route of the Flask app.
 * @param {Client} client
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<EdgeAnswer<any>>}
 */
export async function callEdge(client, path, body) {
  const { edgeUrl, session, fetch } = connection(client)
  try {
    if (!(await session.current()).token) {
      throw new EdgeError({ code: 'not_signed_in', message: 'Sign in first.', status: 401 })
    }
    const answer = await fetch(`${edgeUrl}${path}`, {
      method: 'POST',
      headers: body && { 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(WAIT_MILLISECONDS),
    }).catch(() => {
      throw offline()
    })
    const document = await answer.json().catch(() => ({}))
    if (answer.ok) return { data: document, error: null }
    throw refusal(answer, document)
  } catch (error) {
    if (error instanceof EdgeError) return { data: null, error }
    throw error
  }
}

/**
 * A function that tells whether the person of now is still signed in. It asks Clerk, not the network.
 * @param {Client} client
 * @returns {() => Promise<boolean>}
 */
export function presence(client) {
  const session = connections.get(client)?.session
  if (!session) return async () => true
  const person = session.current().then((mine) => mine.person, () => null)
  return async () => {
    const whose = await person
    return whose === null || session.isStill(whose)
  }
}

/** @param {Client} client */
function connection(client) {
  const found = connections.get(client)
  if (!found) throw new Error('This needs a client of `connect`.')
  return found
}
