import { markAsRead } from '@creatorscook/client'
import type { Tables } from '@creatorscook/client/database'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link } from 'react-router'
import { ask, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Chip, Empty, Loading, PageHead, Problem } from '../ui.tsx'

type Notification = Tables<'notifications'>

export function Component() {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const mayEdit = useMay('editor')
  useEffect(() => { document.title = `${t.nav.notifications} · CreatorsCook` }, [t])
  const list = useQuery({
    queryKey: ['notifications', 'all'],
    queryFn: () => ask(client.from('notifications').select('*').order('created_at', { ascending: false }).limit(100)),
  })
  const read = useMutation({
    mutationFn: (ids: string[]) => ask(markAsRead(client, ids)),
    onSettled: () => queries.invalidateQueries({ queryKey: ['notifications'] }),
  })
  const unread = list.data?.filter(({ read_at }) => !read_at).map(({ id }) => id) ?? []
  /** The commonest two in the page's language; what else there is comes in English. */
  const told = ({ kind, text, params }: Notification) => {
    const { product, score = null, error_code = '', error_message = '' } = params as { product?: string; score?: number | null; error_code?: string; error_message?: string }
    if (product && kind === 'analysis_done') return t.analysisDone(product, score === null ? null : format.number(score))
    const why = (t.jobCodes as Partial<Record<string, string>>)[error_code] ?? error_message
    return product && kind === 'analysis_failed' ? t.analysisFailed(product, why) : text
  }
  return (
    <>
      <PageHead title={t.nav.notifications}>
        {mayEdit && unread.length > 0 && <Button busy={read.isPending} onClick={() => read.mutate(unread)}>{t.markAllRead}</Button>}
      </PageHead>
      <Problem error={read.error} />
      {list.error && !list.data && <Problem error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && !list.error && <Loading lines={4} />}
      {list.data?.length === 0 && <Empty title={t.noNotifications} text={t.noNotificationsText} />}
      <ul className="plain list">
        {list.data?.map((each) => (
          <li key={each.id} className={each.read_at ? 'off' : ''}>
            <div>
              <p>{told(each)} {!each.read_at && <Chip tone="accent">{t.new}</Chip>}</p>
              <p className="muted small">{format.ago(each.created_at)}{each.product_id && <> · <Link to={`/products/${each.product_id}`}>{t.openProduct}</Link></>}</p>
            </div>
            {mayEdit && !each.read_at && <Button kind="quiet" onClick={() => read.mutate([each.id])} aria-label={`${t.markRead}: ${told(each)}`}>{t.markRead}</Button>}
          </li>
        ))}
      </ul>
    </>
  )
}
