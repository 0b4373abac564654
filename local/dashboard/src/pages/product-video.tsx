import type { Openings, Pattern, Retention, ViralityBreakdown } from '@creatorscook/client/documents'
import { Analysed } from '../analysed.tsx'
import { Sources } from '../evidence.tsx'
import { useLanguage } from '../i18n.tsx'
import { BandChip, Bars, Interval, StandsOutText } from '../numbers.tsx'
import { RecordCard } from '../record.tsx'
import { Card, Chip } from '../ui.tsx'

export function Component() {
  return <Analysed part="video">{(video) => <Video video={video} />}</Analysed>
}

function Video({ video }: { video: ViralityBreakdown }) {
  const { t } = useLanguage()
  return (
    <>
      <div className="columns">
        <StandsOutCard video={video} />
        <GrowingCard video={video} />
      </div>
      {(video.patterns?.length ?? 0) > 0 && <PatternsCard patterns={video.patterns!} video={video} />}
      <RecordCard />
      {video.openings && <OpeningsCard openings={video.openings} video={video} />}
      <RetentionCard video={video} />
      {video.video && <SpokenCard video={video} />}
      {(video.drivers.length > 0 || video.counter_evidence.length > 0) && (
        <Card title={t.drivers}>
          <div className="columns">
            {video.drivers.length > 0 && (
              <div>
                <h3>{t.driversFor}</h3>
                <ul className="plain statements">
                  {video.drivers.map((driver) => (
                    <li key={driver.factor + driver.text}><p>{driver.text}</p><Sources ids={driver.evidence_ids} known={video.evidence} /></li>
                  ))}
                </ul>
              </div>
            )}
            {video.counter_evidence.length > 0 && (
              <div>
                <h3>{t.driversAgainst}</h3>
                <ul className="plain statements">
                  {video.counter_evidence.map((each) => <li key={each.text}>{each.text}<Sources ids={each.evidence_ids} known={video.evidence} /></li>)}
                </ul>
              </div>
            )}
          </div>
        </Card>
      )}
      <MetricsCard video={video} />
      {video.caveats.length > 0 && <Card title={t.caveats}><ul>{video.caveats.map((text) => <li key={text}>{text}</li>)}</ul></Card>}
    </>
  )
}

function StandsOutCard({ video }: { video: ViralityBreakdown }) {
  const { t, format } = useLanguage()
  const { value, interval, band, ratio, ratio_interval, basis_text, method, n, evidence_ids } = video.stands_out
  return (
    <Card title={t.standsOut} aside={value !== null && <BandChip band={band} />}>
      <p className="big"><StandsOutText value={value} range={interval} /></p>
      {value !== null && <Interval value={value} range={interval} domain={[0, 100]} label={t.intervalOf(t.standsOut, value, interval)} />}
      {ratio !== null && (
        <p><b>{t.times(format.number(ratio))}</b> {ratio_interval && <span className="muted">{t.likely(format.number(ratio_interval[0]), format.number(ratio_interval[1]))}</span>}</p>
      )}
      <p className="muted small">{basis_text}{n > 0 && ` (${t.of(format.number(n))})`}</p>
      <Sources ids={evidence_ids} known={video.evidence} why={method} />
    </Card>
  )
}

function GrowingCard({ video }: { video: ViralityBreakdown }) {
  const { t, format } = useLanguage()
  const { status, percentile, interval, reason, basis_text, evidence_ids } = video.still_growing
  const { views_per_hour } = video.velocity
  return (
    <Card title={t.stillGrowing} aside={video.stage !== 'insufficient_data' && <Chip>{t.growth[video.stage]}</Chip>}>
      {status === 'shown' && percentile !== null ? (
        <>
          <p className="big"><StandsOutText value={percentile} range={interval} /></p>
          <Interval value={percentile} range={interval} domain={[0, 100]} label={t.intervalOf(t.stillGrowing, percentile, interval)} />
        </>
      ) : <p className="big muted">{t.notShown}</p>}
      <p className="muted small">{reason}</p>
      {views_per_hour !== null && <p>{t.viewsPerHour(format.number(views_per_hour >= 100 ? Math.round(views_per_hour) : views_per_hour))}</p>}
      <Sources ids={evidence_ids} known={video.evidence} why={basis_text} />
    </Card>
  )
}

/** What goes with views among the creator's own posts, and how often such a pattern lasts elsewhere. */
function PatternsCard({ patterns, video }: { patterns: readonly Pattern[]; video: ViralityBreakdown }) {
  const { t, format, language } = useLanguage()
  return (
    <Card title={t.patterns}>
      <p className="muted small">{t.patternsMean}</p>
      <ul className="plain statements">
        {patterns.map((pattern) => {
          const { kind, tag, seconds, ratio, n, other_n, lasting } = pattern
          return (
            <li key={kind + tag} lang={language}>
              <p><b>{t.patternKinds[kind]({ tag: (tag ?? '').replace(/^#/, ''), seconds: format.number(seconds ?? 0), ratio: format.number(ratio), n, others: other_n })}</b></p>
              <p className="muted small">{(kind === 'again' ? t.topicLasts : t.patternLasts)(format.share(lasting.held), lasting.n, format.number(lasting.ratio), format.number(lasting.ci95[0]), format.number(lasting.ci95[1]))}</p>
              <Sources ids={pattern.evidence_ids} known={video.evidence} />
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

function OpeningsCard({ openings, video }: { openings: Openings; video: ViralityBreakdown }) {
  const { t, format } = useLanguage()
  return (
    <Card title={t.openings}>
      <p className="muted small">{t.openingsFrom(openings.n)}</p>
      <Bars rows={openings.hooks.map(({ hook, n }) => ({ label: t.hookTypes[hook], value: n, text: format.number(n) }))} />
      <dl className="facts">
        {openings.words_per_second !== null && <div><dt>{t.pace}</dt><dd>{t.wordsPerSecond(format.number(openings.words_per_second))}</dd></div>}
        {openings.product_first_s !== null && <div><dt>{t.productFirst}</dt><dd>{t.atSecond(format.number(openings.product_first_s))}</dd></div>}
      </dl>
      <Sources ids={openings.evidence_ids} known={video.evidence} />
    </Card>
  )
}

function RetentionCard({ video }: { video: ViralityBreakdown }) {
  const { t, format } = useLanguage()
  if (!video.retention.length) return null
  // Kinds that share their numbers are one line.
  const groups = new Map<string, Retention[]>()
  for (const each of video.retention) {
    const key = JSON.stringify([each.mean, each.ci95, each.n])
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  const rows = [...groups.values()].sort(([a], [b]) => b!.mean - a!.mean)
  // All bars have one scale, so all lines have one shape.
  const isWide = rows.some((kinds) => kinds.length > 3)
  return (
    <Card title={t.retention}>
      <p className="muted small">{t.retentionMeans}</p>
      <ul className="plain aspects">
        {rows.map((kinds) => {
          const { hook, mean, ci95, n } = kinds[0]!
          const names = kinds.map((each) => t.hookTypes[each.hook]).join(', ')
          return (
            <li key={hook} className={isWide ? 'aspect wide' : 'aspect'}>
              <span>{names}</span>
              <Interval value={mean} range={ci95} domain={[0, 2]} label={t.intervalOf(names, mean, ci95)} />
              <span className="amount"><b>{format.two(mean)}</b> <span className="muted small">{t.likely(format.two(ci95[0]), format.two(ci95[1]))}, {t.of(format.number(n))}</span></span>
            </li>
          )
        })}
      </ul>
      {rows.some((kinds) => kinds.length > 1) && <p className="muted small">{t.pooled}</p>}
    </Card>
  )
}

function SpokenCard({ video }: { video: ViralityBreakdown }) {
  const { t, format } = useLanguage()
  const spoken = video.video!
  return (
    <Card title={t.spoken}>
      <dl className="facts">
        <div><dt>{t.opensWith}</dt><dd>{t.hookTypes[spoken.spoken_hook]}</dd></div>
        {spoken.words_per_second !== null && <div><dt>{t.pace}</dt><dd>{t.wordsPerSecond(format.number(spoken.words_per_second))}</dd></div>}
        {spoken.product_first_s !== null && <div><dt>{t.productFirst}</dt><dd>{t.atSecond(format.number(spoken.product_first_s))}</dd></div>}
        {spoken.call_to_action && <div><dt>{t.callToAction}</dt><dd>{t.ctaKinds[spoken.call_to_action.kind]}, {t.atSecond(format.number(spoken.call_to_action.at_s))}</dd></div>}
        {spoken.language && <div><dt>{t.spokenLanguage}</dt><dd>{format.language(spoken.language)}</dd></div>}
      </dl>
      {spoken.beats.length > 0 && <p className="row tight">{spoken.beats.map((beat) => <Chip key={beat.from_s}>{t.spokenBeats[beat.kind]} {format.number(beat.from_s)}–{format.number(beat.to_s)} s</Chip>)}</p>}
      <Sources ids={spoken.evidence_ids} known={video.evidence} />
    </Card>
  )
}

function MetricsCard({ video }: { video: ViralityBreakdown }) {
  const { t, format } = useLanguage()
  const measured = video.metrics.filter((metric) => metric.value !== null)
  if (!measured.length) return null
  return (
    <Card title={t.metrics}>
      <div className="scroll" tabIndex={0} role="region" aria-label={t.metrics}>
        <table>
          <thead><tr><th>{t.metric}</th><th className="end">{t.value}</th><th>{t.amongOthers}</th><th>{t.basis}</th></tr></thead>
          <tbody>
            {measured.map((metric) => (
              <tr key={metric.name}>
                <td>{t.metricNames[metric.name as keyof typeof t.metricNames] ?? metric.name.replace(/_/g, ' ')}</td>
                <td className="end">{metric.value! < 1 ? format.two(metric.value! * 100) + ' %' : format.number(metric.value!)}</td>
                <td>{metric.percentile == null ? <span className="muted">{t.notMeasured}</span> : <>{format.number(Math.round(metric.percentile))} {t.of100}</>}</td>
                <td className="muted small basis">{metric.basis} {metric.n > 0 && `(${t.of(format.number(metric.n))})`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}
