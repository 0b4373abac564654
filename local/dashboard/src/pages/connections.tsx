import { connectTikTok, tikTokUrl } from '@creatorscook/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { ask, one, useAccount, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Card, Chip, Loading, PageHead, Problem, useSay } from '../ui.tsx'

export function Component() {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const navigate = useNavigate()
  const [query] = useSearchParams()
  const mayEdit = useMay('editor')
  const account = useAccount()
  useEffect(() => { document.title = `${t.nav.connections} · CreatorsCook` }, [t])
  // TikTok leads back here; what it put into the address serves once.
  const state = query.get('state')
  const back = useQuery({
    queryKey: ['tiktok', state],
    queryFn: async () => {
      await ask(connectTikTok(client, `?${query}`))
      say(t.tiktokConnected)
      void queries.invalidateQueries({ queryKey: ['account'] })
      navigate('/connections', { replace: true })
      return true
    },
    enabled: state !== null, retry: false, staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false,
  })
  const connect = useMutation({ mutationFn: () => one(tikTokUrl(client)), onSuccess: (url) => location.assign(url) })
  const tiktok = account.data?.tiktok
  return (
    <>
      <PageHead title={t.nav.connections} text={t.connectionsText} />
      {account.error && !account.data && <Problem error={account.error} onRetry={() => account.refetch()} />}
      {((account.isPending && !account.error) || (state !== null && back.isPending)) && <Loading />}
      {state !== null && <Problem error={back.error} />}
      {account.data && (
        <Card title="TikTok" aside={tiktok && <Chip tone="good">{t.connected}</Chip>}>
          <p>{t.tiktokText}</p>
          {tiktok && <p className="muted small">{t.connectedSince(format.day(tiktok.connected_at), format.day(tiktok.expires_at))}</p>}
          {tiktok && <p className="muted small">{t.scopes}: {tiktok.scopes.join(', ')}</p>}
          <Problem error={connect.error} onRetry={() => connect.mutate()} />
          {mayEdit
            ? <Button kind={tiktok ? 'plain' : 'primary'} busy={connect.isPending} onClick={() => connect.mutate()}>{tiktok ? t.connectAgain : t.connectTiktok}</Button>
            : <p className="muted">{t.editorsConnect}</p>}
        </Card>
      )}
    </>
  )
}
