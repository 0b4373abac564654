import type { Tables } from '@creatorscook/client/database'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link } from 'react-router'
import { ask, useMay, useMakers } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient, useSession } from '../session.tsx'
import { Button, Empty, Loading, PageHead, Problem } from '../ui.tsx'

type Event = Tables<'audit_events'>
const COUNT = 50

export function Component() {
  const { t, format } = useLanguage()
  const client = useClient()
  const { person } = useSession()
  const isAdmin = useMay('admin')
  const makerOf = useMakers()
  useEffect(() => { document.title = `${t.nav.audit} · CreatorsCook` }, [t])
  const events = useInfiniteQuery({
    queryKey: ['audit'],
    initialPageParam: null as Event | null,
    queryFn: ({ pageParam: after }) => {
      const newest = { ascending: false }
      let page = client.from('audit_events').select('*')
      if (after) page = page.lte('created_at', after.created_at).or(`created_at.lt."${after.created_at}",id.lt.${after.id}`)
      return ask(page.order('created_at', newest).order('id', newest).limit(COUNT))
    },
    getNextPageParam: (last) => (last.length === COUNT ? last.at(-1) : undefined),
    enabled: isAdmin,
  })
  const names = useNames(events.data?.pages.flat() ?? [])
  if (!isAdmin) return <Empty title={t.adminsOnly} text={t.adminsOnlyText} />
  const rows = events.data?.pages.flat() ?? []
  const who = ({ actor, api_key_id }: Event) => {
    if (api_key_id !== null) return t.anApiKey
    if (actor === null) return t.nobody
    const maker = makerOf(actor)
    return !person?.org || maker?.isMe ? t.you : (maker?.name ?? actor.slice(0, 4))
  }
  return (
    <>
      <PageHead title={t.nav.audit} text={t.auditText} />
      {events.error && !events.data && <Problem error={events.error} onRetry={() => events.refetch()} />}
      {events.isPending && !events.error && <Loading lines={5} />}
      {events.isSuccess && rows.length === 0 && <Empty title={t.noEvents} />}
      {rows.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={t.nav.audit}>
          <table>
            <thead><tr><th>{t.when}</th><th>{t.who}</th><th>{t.did}</th><th>{t.changed}</th></tr></thead>
            <tbody>
              {rows.map((event) => (
                <tr key={event.id}>
                  <td className="nowrap">{format.moment(event.created_at)}</td>
                  <td>{who(event)}</td>
                  <td>{event.target_kind === 'membership' && event.action === 'insert' && event.actor ? t.joined : <>{t.auditActions[event.action]} <Target event={event} name={names.get(event.target_id ?? '')} /></>}</td>
                  <td className="muted small">{event.changes.join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {events.hasNextPage && <Button busy={events.isFetchingNextPage} onClick={() => events.fetchNextPage()}>{t.more}</Button>}
    </>
  )
}

/** The names of what is still there. The log itself keeps none. */
function useNames(events: Event[]) {
  const client = useClient()
  const ids = (kind: string) => [...new Set(events.filter(({ target_kind }) => target_kind === kind).flatMap(({ target_id }) => target_id ?? []))]
  const wanted = { product: ids('product'), script: ids('script'), brand_rule: ids('brand_rule') }
  const { data } = useQuery({
    queryKey: ['audit', 'names', wanted],
    queryFn: async () => {
      const [products, scripts, rules] = await Promise.all([
        wanted.product.length ? ask(client.from('products').select('id, name').in('id', wanted.product)) : [],
        wanted.script.length ? ask(client.from('scripts').select('id, name:title').in('id', wanted.script)) : [],
        wanted.brand_rule.length ? ask(client.from('brand_rules').select('id, name:rule_name').in('id', wanted.brand_rule)) : [],
      ])
      return [...products, ...scripts, ...rules]
    },
    enabled: events.length > 0,
    placeholderData: (before) => before,
  })
  return new Map((data ?? []).map(({ id, name }) => [id, name]))
}

/** What changed, with its name and a way to it where it still is. */
function Target({ event: { target_kind, target_id, action }, name }: { event: Event; name: string | null | undefined }) {
  const { t } = useLanguage()
  const kind = t.targets[target_kind as keyof typeof t.targets] ?? target_kind
  const page = { product: `/products/${target_id}`, script: `/scripts/${target_id}`, brand_rule: '/rules' }[target_kind as string]
  const words = name ? `${kind}: ${name}` : kind
  return page && target_id && action !== 'delete' ? <Link to={page}>{words}</Link> : words
}
