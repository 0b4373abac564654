import { checkoutUrl, plans as listPlans, portalUrl, priceText } from '@creatorscook/client'
import type { Account, PlanId, PlanPrice } from '@creatorscook/client/documents'
import type { Tables } from '@creatorscook/client/database'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { ask, one, useAccount, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Card, Chip, Loading, PageHead, Problem } from '../ui.tsx'

type Interval = PlanPrice['interval']

export function Component() {
  const { t, format } = useLanguage()
  const client = useClient()
  const isAdmin = useMay('admin')
  const account = useAccount()
  const [interval, setInterval] = useState<Interval>('month')
  const plans = useQuery({ queryKey: ['plans'], queryFn: () => ask(listPlans(client)), staleTime: 600_000 })
  useEffect(() => { document.title = `${t.nav.plan} · CreatorsCook` }, [t])
  const buy = useMutation({ mutationFn: (plan: PlanId) => one(checkoutUrl(client, plan, interval)), onSuccess: (url) => location.assign(url) })
  const portal = useMutation({ mutationFn: () => one(portalUrl(client)), onSuccess: (url) => location.assign(url) })
  const mine = account.data
  const current = plans.data?.find(({ id }) => id === mine?.plan)
  return (
    <>
      <PageHead title={t.nav.plan} {...(current && { text: t.yourPlan(current.name) })}>
        {isAdmin && mine?.subscription && <Button busy={portal.isPending} onClick={() => portal.mutate()}>{t.portal}</Button>}
      </PageHead>
      <Problem error={buy.error ?? portal.error} />
      {account.error && !mine && <Problem error={account.error} onRetry={() => account.refetch()} />}
      {account.isPending && !account.error && <Loading lines={4} />}
      {mine && <Usage account={mine} />}
      {mine?.subscription && (
        <p className="muted">
          {t.subscription[mine.subscription.status as keyof typeof t.subscription] ?? mine.subscription.status}
          {mine.subscription.cancel_at ? ` ${t.endsOn(format.day(mine.subscription.cancel_at))}`
            : mine.subscription.current_period_end ? ` ${t.renewsOn(format.day(mine.subscription.current_period_end))}` : ''}
        </p>
      )}
      <div className="row between section-head">
        <h2>{t.plans}</h2>
        <div className="segments" role="group" aria-label={t.payment}>
          {(['month', 'year'] as const).map((each) => (
            <Button key={each} kind="quiet" aria-pressed={interval === each} onClick={() => setInterval(each)}>{t.payBy[each]}</Button>
          ))}
        </div>
      </div>
      {!isAdmin && <p className="muted">{t.adminsBuy}</p>}
      {plans.error && !plans.data && <Problem error={plans.error} onRetry={() => plans.refetch()} />}
      {plans.isPending && !plans.error && <Loading lines={6} />}
      <div className="plans">
        {plans.data?.map((plan) => {
          const price = plan.prices.find((each) => each.interval === interval)
          return (
            <PlanCard key={plan.id} plan={plan} interval={interval} isCurrent={plan.id === mine?.plan}>
              {price && isAdmin && mine && plan.rank > (current?.rank ?? 0) && !mine.subscription && (
                <Button kind="primary" busy={buy.isPending && buy.variables === plan.id} onClick={() => buy.mutate(plan.id)}>{t.choosePlan(plan.name)}</Button>
              )}
            </PlanCard>
          )
        })}
      </div>
    </>
  )
}

function Usage({ account }: { account: Account }) {
  const { t, format } = useLanguage()
  const meters = [
    [t.usage.products, account.usage.products, account.limits.products],
    [t.usage.analyses, account.usage.analyses, account.limits.analyses],
    [t.usage.scripts, account.usage.scripts, account.limits.scripts],
    ...(account.seats ? [[t.usage.seats, account.seats.used, account.seats.limit] as const] : []),
  ] as const
  return (
    <Card title={t.used}>
      <ul className="plain meters">
        {meters.map(([name, used, limit]) => (
          <li key={name}>
            <div className="row between"><span>{name}</span><span>{t.usedOf(format.number(used), format.number(limit))}</span></div>
            <meter min={0} max={limit} high={limit * 0.8} optimum={0} value={used} aria-label={name} />
          </li>
        ))}
      </ul>
      <p className="muted small">{t.resetsAll(format.day(account.resets_at))}</p>
    </Card>
  )
}

function PlanCard({ plan, interval, isCurrent, children }: { plan: Tables<'plans'>; interval: Interval; isCurrent: boolean; children: ReactNode }) {
  const { t, format } = useLanguage()
  return (
    <section className={`card plan ${isCurrent ? 'accented' : ''}`} aria-label={plan.name}>
      <div className="row between"><h3>{plan.name}</h3>{isCurrent && <Chip tone="accent">{t.current}</Chip>}</div>
      <Price prices={plan.prices} interval={interval} />
      <ul className="plain">
        <li>{t.planProducts(format.number(plan.max_products))}</li>
        <li>{t.planAnalyses(format.number(plan.analyses_per_month))}</li>
        <li>{t.planScripts(format.number(plan.scripts_per_month))}</li>
        <li>{t.planWatch[plan.watch]}</li>
        <li>{t.planSeats(plan.seats)}</li>
        <li>{t.planHistory(format.number(plan.kept_history))}</li>
        {plan.has_transcripts && <li>{t.planTranscripts}</li>}
      </ul>
      {children}
    </section>
  )
}

/** What a plan costs in this interval, and what a year saves against twelve months. */
function Price({ prices, interval }: { prices: readonly PlanPrice[]; interval: Interval }) {
  const { t, language } = useLanguage()
  const price = prices.find((each) => each.interval === interval)
  if (!price) return <div className="price"><p className="amount-of">{prices.length ? t.notSoldBy[interval] : t.free}</p></div>
  const [month, year] = (['month', 'year'] as const).map((kind) => prices.find((each) => each.interval === kind))
  const saved = interval === 'year' && month?.currency === price.currency ? month.amount * 12 - price.amount : 0
  return (
    <div className="price">
      <p><b className="amount-of">{priceText(price, language)}</b> <span className="muted">{t.perInterval[interval]}</span></p>
      {interval === 'month' && year && <p className="muted small">{t.orByYear(priceText(year, language))}</p>}
      {saved > 0 && <p className="muted small">{t.yearSaves(priceText({ ...price, amount: saved }, language))}</p>}
    </div>
  )
}
