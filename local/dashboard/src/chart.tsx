import { Area, CartesianGrid, ComposedChart, Line, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useLanguage } from './i18n.tsx'

type Point = { at: number; value: number | null; low: number | null; high: number | null }

/** A number over time with its interval as a band. The table beside it says the same in words. */
export default function Chart({ points, domain, label }: { points: Point[]; domain: [number, number]; label: string }) {
  const { t, format } = useLanguage()
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
  const rows = points.map((point) => ({
    at: point.at,
    value: point.value,
    range: point.low === null || point.high === null ? null : [point.low, point.high],
  }))
  const read = (value: number) => (domain[0] < 0 ? format.signed(value) : format.number(value))
  return (
    <div className="chart" role="img" aria-label={t.chartOf(label, points.length)}>
      <ResponsiveContainer width="100%" height={280}>
        <ComposedChart data={rows} margin={{ top: 8, right: 28, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="at" type="number" scale="time" domain={['dataMin', 'dataMax']} tickFormatter={(at: number) => format.short(at)}
            stroke="var(--line-strong)" tick={{ fill: 'var(--muted)', fontSize: 13 }} tickMargin={8} minTickGap={32}
          />
          <YAxis domain={domain} width={44} tickCount={5} stroke="none" tick={{ fill: 'var(--muted)', fontSize: 13 }} tickFormatter={read} />
          {domain[0] < 0 && <ReferenceLine y={0} stroke="var(--line-strong)" />}
          <Tooltip
            isAnimationActive={false}
            content={({ payload }) => {
              const row = payload?.[0]?.payload as (typeof rows)[number] | undefined
              if (!row) return null
              return (
                <div className="tooltip">
                  <b>{format.moment(new Date(row.at).toISOString())}</b>
                  <p>{row.value === null ? t.notMeasured : read(row.value)}{row.range && ` ${t.likely(read(row.range[0]!), read(row.range[1]!))}`}</p>
                </div>
              )
            }}
          />
          <Area dataKey="range" stroke="none" fill="var(--accent)" fillOpacity={0.18} isAnimationActive={!isStill} connectNulls={false} />
          <Line dataKey="value" stroke="var(--accent)" strokeWidth={2} dot={{ r: 4, fill: 'var(--accent)', strokeWidth: 0 }} isAnimationActive={!isStill} connectNulls={false} />
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  )
}
