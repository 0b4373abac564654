/** What the edge answers when it refuses; `code` is listed in errors.md. */
export class EdgeError extends Error {
  /** @type {number | undefined} */
  #retryAfter

  /** @param {{ code: string, detail: string, status: number, retryAfter?: number }} problem */
  constructor({ code, detail, status, retryAfter }) {
    super(detail)
    this.code = code
    this.status = status
    this.#retryAfter = retryAfter
  }

  /** As PostgREST's errors have it. */
  get details() {
    return this.#retryAfter ? JSON.stringify({ retry_after_seconds: this.#retryAfter }) : ''
  }
}

/**
 * POSTs to the edge and returns its answer.
 * @param {string} url
 * @param {string} token
 * @param {object} [body]
 */
export async function post(url, token, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body && { 'Content-Type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new EdgeError({ code: 'offline', detail: 'The server is out of reach.', status: 503 })
  })
  // A proxy in between may answer with a page of its own.
  const document = await answer.json().catch(() => ({}))
  if (answer.ok) return document
  const { code = 'unavailable', detail = 'The server has a problem. Try again in a minute.' } = document
  const retryAfter = Number(answer.headers.get('Retry-After')) || undefined
  throw new EdgeError({ code, detail, status: answer.status, retryAfter })
}

/**
 * Whose token it is: another session or organisation must not get this one's.
 * @param {string} clerkToken
 */
function bearer(clerkToken) {
  try {
    const [, payload = ''] = clerkToken.split('.')
    const { sub, sid, org_id, o } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')))
    return JSON.stringify([sub, sid, org_id ?? o?.id])
  } catch {
    return clerkToken
  }
}

/** @typedef {(options?: { skipCache?: boolean }) => Promise<string | null | undefined>} GetClerkToken */

/**
 * Gives the token for the next request: null for a person who is not signed in.
 * @param {string} edgeUrl
 * @param {GetClerkToken} getClerkToken Clerk's `session.getToken`, which has a cache of its own.
 * @returns {(options?: { insteadOf?: string }) => Promise<string | null>}
 */
export function accessTokens(edgeUrl, getClerkToken) {
  /** @type {{ of: string, token: Promise<string>, value?: string, until: number } | undefined} */
  let kept

  /** @param {string} clerkToken */
  async function exchange(clerkToken) {
    try {
      return await post(`${edgeUrl}/auth/session`, clerkToken)
    } catch (error) {
      // Some of Clerk's tokens lack a claim that we need, such as the first one after a redirect.
      const fresh = error instanceof EdgeError && error.status === 401
        ? await getClerkToken({ skipCache: true })
        : null
      if (!fresh || fresh === clerkToken) throw error
      return post(`${edgeUrl}/auth/session`, fresh)
    }
  }

  return async ({ insteadOf } = {}) => {
    const clerkToken = await getClerkToken()
    if (!clerkToken) {
      kept = undefined
      return null
    }
    const of = bearer(clerkToken)
    const isRefused = insteadOf !== undefined && kept?.value === insteadOf
    if (!kept || kept.of !== of || isRefused || Date.now() >= kept.until) {
      // Requests that come meanwhile wait for this exchange.
      /** @type {NonNullable<typeof kept>} */
      const mine = { of, until: Infinity, token: Promise.resolve('') }
      mine.token = exchange(clerkToken).then(
        ({ access_token, expires_in }) => {
          // expires_at, counted on this machine's clock, which may be wrong.
          mine.until = Date.now() + (expires_in - 30) * 1000
          return (mine.value = access_token)
        },
        (error) => {
          // Requests of the same moment share a refusal; one that names a time holds that long.
          const { retry_after_seconds = 1 } = JSON.parse(error.details || '{}')
          mine.until = Date.now() + Math.min(retry_after_seconds, 60) * 1000
          throw error
        },
      )
      kept = mine
    }
    return kept.token
  }
}

/**
 * Options of `createClient`: who is signed in, and refusals of the exchange as answers.
 * @param {string} edgeUrl
 * @param {GetClerkToken} getClerkToken
 */
export function signedIn(edgeUrl, getClerkToken) {
  const accessToken = accessTokens(edgeUrl, getClerkToken)

  /** @param {unknown} error */
  function refusal(error) {
    if (!(error instanceof EdgeError)) throw error
    const { code, message, details, status } = error
    const body = JSON.stringify({ code, message, details, hint: null })
    // postgrest-js repeats a 503 by itself, up to three times: at once, for the refusal is kept.
    return new Response(body, { status, headers: { 'Retry-After': '0' } })
  }

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} init
   * @param {string | null} token
   */
  function send(input, init, token) {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${token ?? headers.get('apikey')}`)
    return fetch(input, { ...init, headers })
  }

  return {
    // For Realtime too, which wants null where the exchange is refused.
    accessToken: () => accessToken().catch(() => null),
    global: {
      /**
       * @param {RequestInfo | URL} input
       * @param {RequestInit} [init]
       */
      async fetch(input, init = {}) {
        try {
          const token = await accessToken()
          const answer = await send(input, init, token)
          if (answer.status !== 401 || !token) return answer
          // It ended early, or its key did: nothing was done, so the request is repeated once.
          const again = await accessToken({ insteadOf: token })
          // Who has signed in meanwhile did not ask for this.
          if (!again || bearer(again) !== bearer(token)) return answer
          return await send(input, init, again)
        } catch (error) {
          return refusal(error)
        }
      },
    },
  }
}
