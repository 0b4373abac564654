// What every foreign client of this folder starts with: whom it acts for, and how it is refused.
const { CLIENT, API_URL, ANON_KEY, CLERK_URL } = process.env
export const { connect } = await import(`${CLIENT}/index.js`)
const { devClerk } = await import(`${CLIENT}/dev-clerk.js`)

/** A client of supabase-js for the local user of this name. */
export function signIn(name) {
  const { session } = devClerk(CLERK_URL, name)
  return connect({ apiUrl: API_URL, anonKey: ANON_KEY }, session.getToken)
}

/** What the library makes of a refusal. */
export async function refusal(asked, ...names) {
  try {
    return { answered: await asked }
  } catch (error) {
    return Object.fromEntries(names.map((name) => [name, error[name]]))
  }
}

export const names = (rows) => rows.map(({ name }) => name)
