import type { Overview } from '@creatorscook/client'
import { lazy, Suspense, useState } from 'react'
import { useOutletContext } from 'react-router'
import { useLanguage } from '../i18n.tsx'
import { NetText, pair, StandsOutText } from '../numbers.tsx'
import { Changes } from '../pack.tsx'
import { useDocuments, useHistory } from '../product-data.ts'
import { RecordCard } from '../record.tsx'
import { Button, Card, Chip, Empty, Loading, Problem } from '../ui.tsx'
import { NoPack } from './product-pack.tsx'

const Chart = lazy(() => import('../chart.tsx'))

export function Component() {
  const { t, format } = useLanguage()
  const product = useOutletContext<Overview>()
  const history = useHistory(product.id)
  const documents = useDocuments(product.id)
  const [measure, setMeasure] = useState<'stands_out' | 'net'>('stands_out')
  if (history.error && !history.data) return <Problem error={history.error} onRetry={() => history.refetch()} />
  if (!history.data) return <Loading lines={6} />
  const rows = history.data
  if (!rows.length) return <NoPack product={product} />
  const points = rows.map((row) => ({
    at: Date.parse(row.analysed_at),
    value: row[measure], low: row[`${measure}_low`], high: row[`${measure}_high`],
  }))
  const hasViews = rows.some((row) => row.views_per_hour !== null)
  const measured = points.filter(({ value }) => value !== null)
  return (
    <>
      <Card
        title={measure === 'net' ? t.mood : t.standsOut}
        aside={
          <div className="segments" role="group" aria-label={t.measure}>
            <Button kind="quiet" aria-pressed={measure === 'stands_out'} onClick={() => setMeasure('stands_out')}>{t.standsOut}</Button>
            <Button kind="quiet" aria-pressed={measure === 'net'} onClick={() => setMeasure('net')}>{t.mood}</Button>
          </div>
        }
      >
        {measured.length === 0 && <Empty title={t.notMeasured} />}
        {measured.length === 1 && <p className="muted">{t.onePoint}</p>}
        {measured.length > 1 && (
          <Suspense fallback={<Loading lines={4} />}>
            <Chart points={points} domain={measure === 'net' ? [-1, 1] : [0, 100]} label={measure === 'net' ? t.mood : t.standsOut} />
          </Suspense>
        )}
        <p className="muted small">{measure === 'net' ? t.netBand : t.standsOutBand}</p>
      </Card>
      <Changes lang={documents.data?.pack?.configuration.locale} changes={documents.data?.pack?.configuration.what_changed ?? []} />
      <Card title={t.analyses}>
        <div className="scroll" tabIndex={0} role="region" aria-label={t.analyses}>
          <table>
            <thead><tr><th>{t.day}</th><th>{t.standsOut} <span className="muted">{t.of100}</span></th><th>{t.nextLook}</th><th>{t.mood}</th>{hasViews && <th className="end">{t.viewsAnHour}</th>}<th>{t.complaints}</th></tr></thead>
            <tbody>
              {[...rows].reverse().map((row) => (
                <tr key={row.analysed_at}>
                  <td className="nowrap"><time dateTime={row.analysed_at} title={format.moment(row.analysed_at)}>{format.day(row.analysed_at)}</time></td>
                  <td><StandsOutText value={row.stands_out} range={pair(row.stands_out_low, row.stands_out_high)} brief /></td>
                  <td>{row.is_hit === null ? <span className="muted nowrap">{t.notJudged}</span> : <Chip tone={row.is_hit ? 'good' : 'bad'}>{row.is_hit ? t.heldYes : t.heldNo}</Chip>}</td>
                  <td><NetText value={row.net} range={pair(row.net_low, row.net_high)} brief /></td>
                  {hasViews && <td className="end">{row.views_per_hour === null ? <span className="muted">{t.notMeasured}</span> : format.compact(row.views_per_hour)}</td>}
                  <td className="small complaints"><Lines texts={row.complaints} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <RecordCard />
    </>
  )
}

/** Texts, one below the other. */
export function Lines({ texts }: { texts: readonly string[] }) {
  const { t } = useLanguage()
  if (!texts.length) return <span className="muted">{t.none}</span>
  return <ul className="plain">{texts.map((text) => <li key={text}>{text}</li>)}</ul>
}
