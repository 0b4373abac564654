import { refreshPlan } from '@creatorscook/client'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { ask } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Empty, Loading, Problem } from '../ui.tsx'

/** Stripe sends people back here, often before its event has come: the edge looks at once. */
export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const plan = useQuery({ queryKey: ['account', 'refreshed'], queryFn: () => ask(refreshPlan(client)), staleTime: Infinity, gcTime: 0 })
  if (plan.error) return <Problem error={plan.error} onRetry={() => plan.refetch()} />
  if (!plan.data) return <Loading />
  return <Empty title={t.thanks} text={t.planIs(plan.data)}><Link to="/plan">{t.nav.plan}</Link></Empty>
}
