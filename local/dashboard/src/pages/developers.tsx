import { useEffect } from 'react'
import { NavLink, Outlet } from 'react-router'
import { useAccount, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { Empty, Loading, PageHead, Problem } from '../ui.tsx'

/** What surrounds API keys and webhooks: only admins see or make them. */
export function Component() {
  const { t } = useLanguage()
  const account = useAccount()
  const isAdmin = useMay('admin')
  useEffect(() => { document.title = `${t.nav.developers} · CreatorsCook` }, [t])
  if (account.error && !account.data) return <Problem error={account.error} onRetry={() => account.refetch()} />
  if (!account.data) return <Loading lines={5} />
  if (!isAdmin) return <Empty title={t.adminsOnly} text={t.adminsMakeKeys} />
  return (
    <>
      <PageHead title={t.nav.developers} text={t.developersText} />
      <nav className="tabs" aria-label={t.nav.developers}>
        <NavLink to="/developers" end>{t.apiKeys}</NavLink>
        <NavLink to="/developers/webhooks">{t.webhooks}</NavLink>
      </nav>
      <Outlet />
    </>
  )
}
