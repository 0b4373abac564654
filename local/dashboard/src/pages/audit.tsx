import type { Tables } from '@creatorscook/client/database'
import { useInfiniteQuery } from '@tanstack/react-query'
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
                  <td>{t.auditActions[event.action]} <Target event={event} /></td>
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

/** What changed, with a way to it where it still is. */
function Target({ event: { target_kind, target_id, action } }: { event: Event }) {
  const { t } = useLanguage()
  const name = t.targets[target_kind as keyof typeof t.targets] ?? target_kind
  const page = { product: 'products', script: 'scripts' }[target_kind as string]
  return page && target_id && action !== 'delete' ? <Link to={`/${page}/${target_id}`}>{name}</Link> : name
}
