/**
 * Stands where `window.Clerk` stands, on this machine only: `devClerk(CLERK_URL, 'alice')`.
 * @param {string} clerkUrl The local stand-in for Clerk, http://127.0.0.1:54328.
 * @param {string} name Whom to be. The first use makes the person.
 * @param {{ org?: string, role?: 'admin' | 'editor' | 'viewer' }} [active] The organisation to act for.
 */
export function devClerk(clerkUrl, name, active = {}) {
  const tokens = `${clerkUrl}/v1/client/sessions/sess_${Date.now().toString(36)}/tokens`
  const query = new URLSearchParams({ name, ...active })
  let kept = { jwt: Promise.resolve(''), until: 0 }
  /** @param {{ skipCache?: boolean }} [options] */
  async function getToken({ skipCache } = {}) {
    if (skipCache || Date.now() >= kept.until) kept = { jwt: ask(), until: Date.now() + 50_000 }
    return kept.jwt.catch((error) => ((kept.until = 0), Promise.reject(error)))
  }
  /** @returns {Promise<string>} */
  async function ask() {
    return (await (await fetch(`${tokens}?${query}`, { method: 'POST' })).json()).jwt
  }
  return { session: { getToken } }
}
