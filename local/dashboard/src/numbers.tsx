import type { Band } from '@creatorscook/client/documents'
import { useLanguage } from './i18n.tsx'
import { Chip } from './ui.tsx'

type Range = readonly [number, number] | readonly number[] | null | undefined

/** A number on its scale, with its interval: the dot is the estimate, the bar what is likely. */
export function Interval({ value, range, domain, label, zero }:
  { value: number | null; range: Range; domain: readonly [number, number]; label: string; zero?: number }) {
  const place = (number: number) =>
    `${Math.max(0, Math.min(100, ((number - domain[0]) / (domain[1] - domain[0])) * 100))}%`
  const [low, high] = range ?? []
  return (
    <div className="interval" role="img" aria-label={label}>
      <span className="track" />
      {zero !== undefined && <span className="zero" style={{ left: place(zero) }} />}
      {low !== undefined && high !== undefined && (
        <span className="likely" style={{ left: place(low), width: `calc(${place(high)} - ${place(low)})` }} />
      )}
      {value !== null && <span className="dot" style={{ left: place(value) }} />}
    </div>
  )
}

/** The two ends of an interval; null without one. */
export function pair(low: number | null, high: number | null): [number, number] | null {
  return low === null || high === null ? null : [low, high]
}

const TONES: Record<Band, 'good' | 'neutral' | 'bad' | 'accent'> = {
  breakout: 'accent', above: 'good', typical: 'neutral', below: 'bad', insufficient_data: 'neutral',
}

export function BandChip({ band }: { band: Band }) {
  const { t } = useLanguage()
  return <Chip tone={TONES[band]}>{t.bands[band]}</Chip>
}

/** "72 of 100, likely 61 to 80": how many posts stand out less. */
export function StandsOutText({ value, range, brief = false }: { value: number | null; range: Range; brief?: boolean }) {
  const { t, format } = useLanguage()
  if (value === null) return <span className="muted">{t.notMeasured}</span>
  const [low, high] = range ?? []
  if (brief) return <Brief value={format.number(value)} range={low === undefined || high === undefined ? null : t.fromTo(format.number(low), format.number(high))} />
  return (
    <span className="figure">
      <span className="whole"><b>{format.number(value)}</b> {t.of100}</span>
      {low !== undefined && high !== undefined && <span className="muted"> {t.likely(format.number(low), format.number(high))}</span>}
    </span>
  )
}

export function NetText({ value, range, brief = false }: { value: number | null; range: Range; brief?: boolean }) {
  const { t, format } = useLanguage()
  if (value === null) return <span className="muted">{t.notMeasured}</span>
  const [low, high] = range ?? []
  if (brief) return <Brief value={format.signed(value)} range={low === undefined || high === undefined ? null : t.fromTo(format.signed(low), format.signed(high))} />
  return (
    <span className="figure">
      <b>{format.signed(value)}</b>
      {low !== undefined && high !== undefined && <span className="muted"> {t.likely(format.signed(low), format.signed(high))}</span>}
    </span>
  )
}

/** For a column whose head says what it is. */
function Brief({ value, range }: { value: string; range: string | null }) {
  return <span className="figure nowrap"><b>{value}</b>{range && <span className="muted small"> {range}</span>}</span>
}

/** Bars of counts, largest first, each with its number. */
export function Bars({ rows }: { rows: { label: string; value: number; text: string }[] }) {
  const most = Math.max(...rows.map(({ value }) => value), 1e-9)
  return (
    <ul className="bars">
      {rows.map(({ label, value, text }) => (
        <li key={label}>
          <span>{label}</span>
          <span className="bar" aria-hidden="true"><span style={{ width: `${(value / most) * 100}%` }} /></span>
          <span className="amount">{text}</span>
        </li>
      ))}
    </ul>
  )
}
