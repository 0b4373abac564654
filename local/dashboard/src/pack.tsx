import type { Change, ChangeKind, PackConfiguration, PackHook, PackRecord, ScriptTemplate, SharedConfiguration } from '@creatorscook/client/documents'
import type { ReactNode } from 'react'
import { Sources } from './evidence.tsx'
import { useLanguage } from './i18n.tsx'
import { BandChip, Interval, StandsOutText } from './numbers.tsx'
import { Button, Card, Chip } from './ui.tsx'

type Content = PackConfiguration | SharedConfiguration
type Kind = Content['cards'][number]['kind']

/** A pack in the order of its case. `onHook` has a script written from a hook. */
export function Pack({ content, record, onHook, aside }:
  { content: Content; record?: PackRecord | null; onHook?: (hook: PackHook) => void; aside?: ReactNode }) {
  const { t, format, language } = useLanguage()
  // The case says what comes first; a kind of card is one section.
  const kinds = [...new Set([...content.cards].sort((a, b) => a.order - b.order).map(({ kind }) => kind))]
  const shown = kinds.filter((kind) => kind !== 'stands_out' && kind !== 'next_steps')
  return (
    <div className="pack" lang={content.locale}>
      <section className="lead">
        <div className="row between top">
          <p className="case" lang="">{t.cases[content.case]}</p>
          {aside}
        </div>
        <h2 className="statement">{content.headline}</h2>
        <p>{content.summary}</p>
        {(content.findings ?? []).length > 0 && (
          <>
            <h3 lang={language}>{t.toFilm}</h3>
            <ol className="plain steps">{(content.findings ?? []).map((finding) => <li key={finding.text}><div><b>{finding.text}</b> {finding.do}</div></li>)}</ol>
          </>
        )}
        <p className="muted small">
          {t.confidence}: {t.levels[content.confidence.level]}. {t.freshUntil(format.day(content.freshness.expires_at))}
        </p>
        {content.confidence.reasons.length > 0 && (
          <details className="sources"><summary>{t.whyConfidence}</summary><ul>{content.confidence.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul></details>
        )}
      </section>
      <Changes changes={content.what_changed ?? []} />
      <TwoNumbers content={content} record={record} />
      {content.next_steps.length > 0 && (
        <Card title={t.nextSteps}>
          <ol className="plain steps">{content.next_steps.map((step) => <li key={step.kind + step.text}>{step.text}</li>)}</ol>
        </Card>
      )}
      {shown.map((kind) => <Section key={kind} kind={kind} content={content} {...(onHook && { onHook })} />)}
      {(content.compared ?? []).length > 0 && (
        <Card title={t.compared}><ul>{(content.compared ?? []).map(({ text }) => <li key={text}>{text}</li>)}</ul></Card>
      )}
      {content.script_templates.length === 0 && <Card title={t.beats}><div className="muted" lang={language}><p>{t.noBeats}</p><p>{t.noBeatsText}</p></div></Card>}
      <Comparables content={content} />
      {(content.dos.length > 0 || content.donts.length > 0) && (
        <Card title={t.dosDonts}>
          <div className="columns">
            {content.dos.length > 0 && <div><h3>{t.dos}</h3><ul>{content.dos.map((text) => <li key={text}>{text}</li>)}</ul></div>}
            {content.donts.length > 0 && <div><h3>{t.donts}</h3><ul>{content.donts.map((text) => <li key={text}>{text}</li>)}</ul></div>}
          </div>
        </Card>
      )}
      {content.disclosure && <Card title={t.disclosure}><p><b>{content.disclosure.text}</b> {content.disclosure.placement}</p><p className="muted">{content.disclosure.reason}</p></Card>}
      {content.caveats.length > 0 && (
        <Card title={t.caveats}><ul>{content.caveats.map((text) => <li key={text}>{text}</li>)}</ul></Card>
      )}
    </div>
  )
}

const CHANGE_TONES: Record<ChangeKind, 'good' | 'bad' | 'neutral' | 'accent'> = {
  breakout: 'accent', stands_out_up: 'good', stands_out_down: 'bad', heating: 'good', cooling: 'bad', net_up: 'good', net_down: 'bad',
  new_complaint: 'bad', complaint_gone: 'good', sold_out: 'bad', back_in_stock: 'good', price_up: 'neutral', price_down: 'neutral',
}

export function Changes({ changes, lang }: { changes: readonly Change[]; lang?: string | undefined }) {
  const { t, language } = useLanguage()
  if (!changes.length) return null
  return (
    <Card title={t.whatChanged} className="accented">
      <ul className="plain changes" lang={lang}>
        {changes.map((change) => (
          <li key={change.text}><Chip tone={CHANGE_TONES[change.kind]}><span lang={language}>{t.changeKinds[change.kind]}</span></Chip> <span>{change.text}</span></li>
        ))}
      </ul>
    </Card>
  )
}

function TwoNumbers({ content, record }: { content: Content; record: PackRecord | null | undefined }) {
  const { t, format, language } = useLanguage()
  const { stands_out, still_growing } = content
  return (
    <div className="columns numbers">
      <Card title={t.standsOut} aside={stands_out.value !== null && <BandChip band={stands_out.band} />}>
        <p className="big"><StandsOutText value={stands_out.value} range={stands_out.interval} /></p>
        {stands_out.value !== null && (
          <Interval value={stands_out.value} range={stands_out.interval} domain={[0, 100]} label={t.intervalOf(t.standsOut, stands_out.value, stands_out.interval)} />
        )}
        <p className="muted small">{stands_out.value === null ? t.standsOutMissing : t.standsOutMeans(format.number(stands_out.value))}</p>
        <Sources ids={stands_out.evidence_ids} known={content.evidence} />
        {record !== undefined && <p className="muted small">{record ? record.text : <span lang={language}>{t.recordOwnNone}</span>}</p>}
      </Card>
      <Card title={t.stillGrowing}>
        {still_growing.status === 'shown' && still_growing.percentile !== null ? (
          <>
            <p className="big"><span className="figure"><b>{format.number(still_growing.percentile)}</b> {t.of100}</span></p>
            <Interval value={still_growing.percentile} range={null} domain={[0, 100]} label={t.intervalOf(t.stillGrowing, still_growing.percentile, null)} />
          </>
        ) : <p className="big muted">{t.notShown}</p>}
        <p className="muted small">{still_growing.reason}</p>
        <p className="muted small" lang={language}>{t.stillGrowingMeans}</p>
        <Sources ids={still_growing.evidence_ids} known={content.evidence} />
      </Card>
    </div>
  )
}

function Section({ kind, content, onHook }: { kind: Kind; content: Content; onHook?: (hook: PackHook) => void }) {
  const { t, format } = useLanguage()
  const { evidence } = content
  switch (kind) {
    case 'hooks':
      return content.hooks.length === 0 ? null : (
        <Card title={t.hooks}>
          <ol className="plain statements">
            {content.hooks.map((hook) => (
              <li key={hook.id}>
                <p className="quote">{hook.text}</p>
                <div className="row tight">
                  <Chip>{t.hookTypes[hook.type]}</Chip>
                  <span className="muted small">{t.hookBasis[hook.basis]}</span>
                  {hook.retention && <span className="muted small">{t.retentionOf(format.two(hook.retention.mean), format.two(hook.retention.ci95[0]), format.two(hook.retention.ci95[1]), hook.retention.n)}</span>}
                </div>
                <div className="row between">
                  <Sources ids={hook.evidence_ids} known={evidence} why={hook.why} />
                  {onHook && <Button className="no-print" onClick={() => onHook(hook)} aria-label={`${t.scriptFromHook}: ${hook.text}`}>{t.scriptFromHook}</Button>}
                </div>
              </li>
            ))}
          </ol>
        </Card>
      )
    case 'facts':
      return content.facts.length === 0 ? null : (
        <Card title={t.facts}>
          <dl className="facts">
            {content.facts.map((fact) => (
              <div key={fact.kind + fact.text}>
                <dt lang="">{t.factKinds[fact.kind]}</dt>
                <dd>{fact.text} <Sources ids={[fact.evidence_id]} known={evidence} /></dd>
              </div>
            ))}
          </dl>
        </Card>
      )
    case 'angles':
      return content.angles.length === 0 ? null : (
        <Card title={t.angles}>
          <ul className="plain statements">
            {content.angles.map((angle) => (
              <li key={angle.id}>
                <h3>{angle.title}</h3>
                <p>{angle.promise}</p>
                <Sources ids={angle.evidence_ids} known={evidence} why={angle.proof} />
              </li>
            ))}
          </ul>
        </Card>
      )
    case 'script':
      return content.script_templates.length === 0 ? null : (
        <Card title={t.beats}>
          {content.script_templates.map((template, index) => {
            const angle = content.angles.find(({ id }) => id === template.angle_id)?.title
            // One script is read at a time.
            return (
              <details key={template.id} className="template" open={index === 0}>
                <summary>{angle ?? t.script}</summary>
                <Beats template={template} label={angle ?? t.script} />
              </details>
            )
          })}
        </Card>
      )
    case 'risks':
      return content.risks.length === 0 ? null : (
        <Card title={t.risks}>
          <ul className="plain statements">
            {content.risks.map((risk) => (
              <li key={risk.kind + risk.title}>
                <div className="row tight"><Chip tone={risk.severity === 'high' ? 'bad' : risk.severity === 'medium' ? 'warn' : 'neutral'}>{t.severities[risk.severity]}</Chip><span>{risk.title}</span></div>
                <Sources ids={risk.evidence_ids} known={evidence} />
              </li>
            ))}
          </ul>
        </Card>
      )
    default:
      return null
  }
}

function Beats({ template, label }: { template: ScriptTemplate; label: string }) {
  const { t, format } = useLanguage()
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="beats">
        <thead><tr><th>{t.seconds}</th><th>{t.beat}</th><th>{t.says}</th><th>{t.onScreen}</th></tr></thead>
        <tbody>
          {template.beats.map((beat) => (
            <tr key={beat.from_s}>
              <td className="nowrap">{format.number(beat.from_s)}–{format.number(beat.to_s)}</td>
              <td lang="">{t.beatKinds[beat.kind]}</td>
              <td>{beat.shot && <p className="muted"><em>{t.firstPicture}: {beat.shot}</em></p>}{beat.text}</td>
              <td className="muted">{beat.on_screen}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Comparables({ content }: { content: Content }) {
  const { t, format } = useLanguage()
  const { comparables, tags } = content
  if (!comparables.length && !tags.length) return null
  return (
    <Card title={t.comparables}>
      {comparables.length > 0 && (
        <ul className="plain statements">
          {comparables.map((each) => (
            <li key={each.evidence_id}>
              <p>
                <b>{t.times(format.number(each.ratio))}</b> <span className="muted">{t.likely(format.number(each.ratio_interval[0]), format.number(each.ratio_interval[1]))}, {t.ratioBasis[each.basis]}</span>
                {each.url && /^https?:\/\//.test(each.url) && <> <a href={each.url} target="_blank" rel="noreferrer">{t.watchVideo}</a></>}
              </p>
              <div className="row tight">
                {each.hook !== 'none' && <Chip>{t.hookTypes[each.hook]}</Chip>}
                {each.duration_s !== null && <span className="muted small">{t.secondsLong(format.number(each.duration_s))}</span>}
              </div>
              <Sources ids={[]} known={[]} why={each.why} />
            </li>
          ))}
        </ul>
      )}
      {tags.length > 0 && (
        <>
          <h3>{t.theirTags}</h3>
          <p className="row tight">{tags.map(({ tag, posts }) => <span key={tag} className="tag">#{tag.replace(/^#/, '')} <span className="muted">{posts}</span></span>)}</p>
          <p className="muted small">{t.tagsAreCounts}</p>
        </>
      )}
    </Card>
  )
}
