import { scoreRecord, serviceScoreRecord } from '@creatorscook/client'
import type { ScoreRecord } from '@creatorscook/client/documents'
import { useQuery } from '@tanstack/react-query'
import { ask } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { Interval } from './numbers.tsx'
import { useClient } from './session.tsx'
import { Card } from './ui.tsx'

/** How often the intervals held at the next look: of this account and of all. */
export function RecordCard() {
  const { t } = useLanguage()
  const client = useClient()
  const own = useQuery({ queryKey: ['record', 'own'], queryFn: () => ask(scoreRecord(client)), staleTime: 60_000 })
  const all = useQuery({ queryKey: ['record', 'all'], queryFn: () => ask(serviceScoreRecord(client)), staleTime: 60_000 })
  return (
    <Card title={t.record}>
      <p className="muted small">{t.recordMeans}</p>
      <div className="columns">
        <div><h3>{t.recordOwn}</h3><Record record={own.data} /></div>
        <div><h3>{t.recordAll}</h3><Record record={all.data} /></div>
      </div>
    </Card>
  )
}

function Record({ record }: { record: ScoreRecord | undefined }) {
  const { t, format } = useLanguage()
  if (!record?.n || record.rate === null || record.hits === null) return <p className="muted">{t.recordNone}</p>
  return (
    <>
      <p>{t.held(record.hits, record.n)} <b>{format.share(record.rate)}</b>{record.ci95 && <span className="muted"> {t.likely(format.share(record.ci95[0]), format.share(record.ci95[1]))}</span>}</p>
      <Interval value={record.rate} range={record.ci95} domain={[0, 1]} zero={0.8} label={t.intervalOf(t.record, record.rate, record.ci95)} />
    </>
  )
}
