import { connect, type Client, type Role } from '@creatorscook/client'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { clearText } from './kept.ts'
import type { PageSettings } from './settings.ts'

/** Who is signed in at the stand-in for Clerk. `org` is empty for a person's own account. */
export type Person = { name: string; org: string; role: Role }

type Session = {
  client: Client
  settings: PageSettings
  person: Person | null
  /** What the edge takes: Clerk's own token. */
  token: () => Promise<string>
  signIn: (person: Person) => void
  signOut: () => void
}

const KEY = 'creatorscook.person'
const SPARE_MILLISECONDS = 10_000
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
  const id = person ? JSON.stringify(person) : ''

  // Another tab has signed out, or signed in as somebody else.
  useEffect(() => {
    const onStorage = (event: StorageEvent) => {
      if (event.key !== KEY) return
      queries.clear()
      setPerson(stored())
    }
    addEventListener('storage', onStorage)
    return () => removeEventListener('storage', onStorage)
  }, [queries])

  const session = useMemo<Session>(() => {
    const tokens = sessionTokens(settings.sessionUrl, person)
    const change = (next: Person | null) => {
      queries.clear()
      if (next?.name !== person?.name || next?.org !== person?.org) clearText()
      if (next) localStorage.setItem(KEY, JSON.stringify(next))
      else localStorage.removeItem(KEY)
      setPerson(next)
    }
    return {
      settings,
      person,
      client: connect(settings, tokens),
      token: async () => (await tokens()) ?? '',
      signIn: change,
      signOut: () => change(null),
    }
  }, [settings, id])

  return <SessionContext value={session}>{children}</SessionContext>
}

function stored(): Person | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null')
  } catch {
    return null
  }
}

/** As Clerk's `getToken`: keeps a token until shortly before it ends. */
function sessionTokens(url: string, person: Person | null) {
  let kept: { token: string; until: number } | undefined
  return async ({ skipCache = false } = {}): Promise<string | null> => {
    if (!person) return null
    if (kept && !skipCache && Date.now() < kept.until) return kept.token
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(person),
    })
    if (!answer.ok) return null
    const { token } = (await answer.json()) as { token: string }
    kept = { token, until: Date.now() + 60_000 - SPARE_MILLISECONDS }
    return token
  }
}
