import { connect, type Client, type Role } from '@creatorscook/client'
import { devClerk } from '@creatorscook/client/dev-clerk'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, Fragment, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { clearText } from './kept.ts'
import type { PageSettings } from './settings.ts'

/** Who is signed in at the stand-in for Clerk. `org` is empty for a person's own account. */
export type Person = { name: string; org: string; role: Role }

type Session = {
  client: Client
  settings: PageSettings
  person: Person | null
  /** The account of whoever is signed in, also while they act for an organisation; null before the first answer. */
  personId: () => string | null
  signIn: (person: Person) => void
  signOut: () => void
}

const KEY = 'creatorscook.person'
const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('useSession is for what stands inside SessionProvider')
  return session
}

export function useClient(): Client {
  return useSession().client
}

export function SessionProvider({ settings, children }: { settings: PageSettings; children: ReactNode }) {
  const queries = useQueryClient()
  const [person, setPerson] = useState(stored)
  const [round, setRound] = useState(0)
  const id = person ? JSON.stringify(person) : ''

  // Another tab has signed out, or signed in as somebody else.
  useEffect(() => {
    const onStorage = (event: StorageEvent) => {
      if (event.key !== KEY) return
      queries.clear()
      clearText()
      setPerson(stored())
    }
    addEventListener('storage', onStorage)
    return () => removeEventListener('storage', onStorage)
  }, [queries])

  // Signed in again: what was refused is asked once more, by the new client.
  useEffect(() => {
    if (round > 0) void queries.invalidateQueries()
  }, [queries, round])

  const session = useMemo<Session>(() => {
    const clerk = person && devClerk(settings.clerkUrl, person.name, person.org ? { org: person.org, role: person.role } : {})
    const change = (next: Person | null) => {
      const isSame = next?.name === person?.name && next?.org === person?.org
      // What is on the page stays there for the same person only.
      if (!isSame) {
        queries.clear()
        clearText()
      }
      if (next) localStorage.setItem(KEY, JSON.stringify(next))
      else localStorage.removeItem(KEY)
      setPerson(next)
      setRound((before) => before + 1)
    }
    let personId: string | null = null
    const send: typeof fetch = (input, init) => {
      personId = personOf(new Headers(init?.headers).get('Authorization')) ?? personId
      return fetch(input, init)
    }
    return {
      settings,
      person,
      personId: () => personId,
      client: connect(settings, (options) => clerk?.session.getToken(options), { global: { fetch: send } }),
      signIn: change,
      signOut: () => change(null),
    }
  }, [settings, id, round])

  return <SessionContext value={session}><Fragment key={id}>{children}</Fragment></SessionContext>
}

/** Who acts, as an access token says; null for the public key. */
function personOf(authorization: string | null): string | null {
  try {
    const { act, sub } = JSON.parse(atob(authorization!.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')))
    return act?.sub ?? sub ?? null
  } catch {
    return null
  }
}

function stored(): Person | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null')
  } catch {
    return null
  }
}
