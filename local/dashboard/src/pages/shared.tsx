import { sharedPack } from '@creatorscook/client'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ask, refusal } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { Pack } from '../pack.tsx'
import { useSession } from '../session.tsx'
import { Button, Empty, Loading, Problem } from '../ui.tsx'

/** The page behind a link: one pack, for people without an account. */
export function Component() {
  const { t, format } = useLanguage()
  const { settings } = useSession()
  const [secret, setSecret] = useState(location.hash.slice(1))
  useEffect(() => {
    const onHash = () => setSecret(location.hash.slice(1))
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  const pack = useQuery({
    queryKey: ['shared', secret],
    queryFn: () => ask(sharedPack(settings, secret)),
    enabled: secret !== '', staleTime: Infinity,
  })
  useEffect(() => { document.title = `${pack.data?.name ?? t.sharedPack} · CreatorsCook` }, [pack.data, t])
  return (
    <main className="reading">
      {!secret && <Empty title={t.linkIncomplete} />}
      {pack.error && (refusal(pack.error).code === 'not_found'
        ? <Empty title={t.linkOver} text={t.linkOverText} />
        : <Problem error={pack.error} onRetry={() => pack.refetch()} />)}
      {secret && pack.isPending && !pack.error && <Loading lines={8} />}
      {pack.data && (
        <>
          <header className="page-head">
            <div><h1>{pack.data.name}</h1><p className="muted small">{t.sharedOn(format.day(pack.data.created_at))}</p></div>
            <Button className="no-print" onClick={() => print()}>{t.print}</Button>
          </header>
          <Pack content={pack.data.configuration} />
        </>
      )}
    </main>
  )
}
