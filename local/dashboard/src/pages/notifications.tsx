import { markAsRead } from '@creatorscook/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link } from 'react-router'
import { ask, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Chip, Empty, Loading, PageHead, Problem } from '../ui.tsx'

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
              <p>{each.text} {!each.read_at && <Chip tone="accent">{t.new}</Chip>}</p>
              <p className="muted small">{format.ago(each.created_at)}{each.product_id && <> · <Link to={`/products/${each.product_id}`}>{t.openProduct}</Link></>}</p>
            </div>
            {mayEdit && !each.read_at && <Button kind="quiet" onClick={() => read.mutate([each.id])} aria-label={`${t.markRead}: ${each.text}`}>{t.markRead}</Button>}
          </li>
        ))}
      </ul>
    </>
  )
}
