import { account, advice, details, may, members, type Advice, type Problem, type Role } from '@creatorscook/client'
import type { ErrorDetails } from '@creatorscook/client/documents'
import { QueryCache, QueryClient, MutationCache, useQuery } from '@tanstack/react-query'
import { useLanguage } from './i18n.tsx'
import { useClient, useSession } from './session.tsx'

/** A refusal of the API, with what the page does about it. */
export class Refusal extends Error {
  readonly code: string
  readonly advice: Advice
  readonly details: ErrorDetails

  constructor(problem: Problem) {
    super(problem.message)
    this.code = problem.code ?? ''
    this.advice = advice(problem)
    this.details = details(problem)
  }
}

type Answer = { data: unknown; error: Problem | null }
type Data<A> = Extract<A, { error: null }> extends { data: infer D } ? D : never

/** The data of an answer; throws a Refusal. */
export async function ask<A extends Answer>(request: PromiseLike<A>): Promise<Data<A>> {
  const { data, error } = await request
  if (error) throw new Refusal(error)
  return data as Data<A>
}

/** The same of a single row. */
export async function one<A extends Answer>(request: PromiseLike<A>): Promise<NonNullable<Data<A>>> {
  return (await ask(request)) as NonNullable<Data<A>>
}

/** What was thrown, as a Refusal: an EdgeError, a broken connection. */
export function refusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown
  const { code = '', message = '', details: text = '' } = thrown as Partial<Problem>
  return new Refusal({ code, message, details: text })
}

const ENDED = new EventTarget()

/** Calls back when the API has refused the session. */
export function onSessionEnd(callback: (refused: Refusal) => void): () => void {
  const listener = (event: Event) => callback((event as CustomEvent<Refusal>).detail)
  ENDED.addEventListener('end', listener)
  return () => ENDED.removeEventListener('end', listener)
}

function tell(error: unknown) {
  const refused = refusal(error)
  if (refused.advice.then === 'sign in') {
    ENDED.dispatchEvent(new CustomEvent('end', { detail: refused }))
  }
}

export function newQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: tell }),
    mutationCache: new MutationCache({ onError: tell }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && refusal(error).advice.then === 'try again',
        retryDelay: (failures) => 500 * 2 ** failures,
      },
      // The database makes a repeated write harmless; the person decides whether to repeat it.
      mutations: { retry: false },
    },
  })
}

export function useAccount() {
  const client = useClient()
  const { person } = useSession()
  return useQuery({
    queryKey: ['account'],
    queryFn: () => ask(account(client)),
    enabled: person !== null,
    staleTime: 30_000,
  })
}

/** Whether the caller's role allows it. True until the role is known: the server decides. */
export function useMay(needed: Role): boolean {
  const { data } = useAccount()
  return data ? may(data.role, needed) : true
}

export function useBrands() {
  const client = useClient()
  return useQuery({
    queryKey: ['brands'],
    queryFn: () => ask(client.from('brands').select('*, products(count), brand_rules(count)').order('name')),
    staleTime: 30_000,
  })
}

/** Names of people by account, for what says who did it. */
export function usePeople() {
  const client = useClient()
  const { person } = useSession()
  return useQuery({
    queryKey: ['members'],
    queryFn: () => ask(members(client)),
    enabled: person !== null && person.org !== '',
    staleTime: 60_000,
  })
}

export type Maker = { isMe: boolean; name: string }

/**
 * The member behind a row of an organisation; undefined where nobody is told apart. Clerk keeps the
 * names of people, and the database none: a colleague is a role and the beginning of an id.
 */
export function useMakers(): (id: string | null) => Maker | undefined {
  const { t } = useLanguage()
  const { personId } = useSession()
  const { data = [] } = usePeople()
  return (id) => {
    const member = data.find(({ person_id }) => person_id === id)
    if (!member) return undefined
    const role = t.roles[member.role as Role] ?? member.role
    return { isMe: id === personId(), name: member.name ?? `${role} ${member.person_id.slice(0, 4)}` }
  }
}

export const PAGE = 20
