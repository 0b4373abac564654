import type { Aspect, SentimentSummary, Theme } from '@creatorscook/client/documents'
import { Analysed } from '../analysed.tsx'
import { Sources } from '../evidence.tsx'
import { useLanguage } from '../i18n.tsx'
import { Bars, Interval, NetText } from '../numbers.tsx'
import { Card, Chip } from '../ui.tsx'

const THEMES = ['praise', 'pain', 'question', 'objection', 'desire'] as const

export function Component() {
  return <Analysed part="people">{(people) => <People people={people} />}</Analysed>
}

function People({ people }: { people: SentimentSummary }) {
  const { t } = useLanguage()
  return (
    <>
      <div className="columns">
        <Mood people={people} />
        <Read people={people} />
      </div>
      <Themes people={people} />
      <Aspects people={people} />
      <div className="columns">
        {people.stars && <Stars people={people} />}
        <Intent people={people} />
      </div>
      {people.risks.length > 0 && (
        <Card title={t.risks}>
          <ul className="plain statements">
            {people.risks.map((risk) => (
              <li key={risk.kind + risk.title}>
                <div className="row tight"><Chip tone={risk.severity === 'high' ? 'bad' : 'warn'}>{t.severities[risk.severity]}</Chip><span>{risk.title}</span></div>
                <Sources ids={risk.evidence_ids} known={people.evidence} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      {people.caveats.length > 0 && <Card title={t.caveats}><ul>{people.caveats.map((text) => <li key={text}>{text}</li>)}</ul></Card>}
    </>
  )
}

function Mood({ people }: { people: SentimentSummary }) {
  const { t, format } = useLanguage()
  const { label, net, ci95, distribution, distribution_ci95, n, basis, evidence_ids } = people.overall
  return (
    <Card title={t.mood}>
      <p className="big">{t.moods[label]} <span className="small"><NetText value={net} range={ci95} /></span></p>
      {net !== null && <Interval value={net} range={ci95} domain={[-1, 1]} zero={0} label={t.intervalOf(t.mood, net, ci95)} />}
      <p className="muted small">{t.netMeans} {t.fromTexts(n)}</p>
      {distribution && (
        <>
          <div className="stack" aria-hidden="true">
            {(['positive', 'neutral', 'negative'] as const).map((each) => <span key={each} className={each} style={{ flexGrow: distribution[each] }} />)}
          </div>
          <dl className="legend">
            {(['positive', 'neutral', 'negative'] as const).map((each) => (
              <div key={each}>
                <dt className={each}>{t.shares[each]}</dt>
                <dd>{format.share(distribution[each])}{distribution_ci95 && <span className="muted"> {t.likely(format.share(distribution_ci95[each][0]), format.share(distribution_ci95[each][1]))}</span>}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <Sources ids={evidence_ids} known={people.evidence} why={basis} />
    </Card>
  )
}

/** What was read, and what was not. */
function Read({ people }: { people: SentimentSummary }) {
  const { t, format } = useLanguage()
  const { sample } = people
  const dropped = Object.entries(sample.dropped).filter(([, count]) => count > 0) as [keyof typeof t.dropped, number][]
  return (
    <Card title={t.whatWasRead}>
      <p>{t.readCounts(sample.analysed, sample.collected)}</p>
      <p className="muted small">{t.commentsReviews(sample.comments, sample.reviews)}</p>
      {sample.languages.length > 0 && (
        <>
          <h3>{t.languages}</h3>
          <Bars rows={sample.languages.map(({ code, share }) => ({ label: format.language(code), value: share, text: format.share(share) }))} />
        </>
      )}
      {sample.not_read.n > 0 && (
        <p className="muted small">{t.notRead(sample.not_read.n)} {sample.not_read.languages.map((code) => format.language(code)).join(', ')}</p>
      )}
      {dropped.length > 0 && <p className="muted small">{t.leftOut}: {dropped.map(([why, count]) => `${t.dropped[why]} ${count}`).join(', ')}</p>}
      {sample.partial && <p className="muted small">{t.partial}</p>}
      {sample.window.from && sample.window.to && <p className="muted small">{t.between(format.day(sample.window.from), format.day(sample.window.to))}</p>}
    </Card>
  )
}

function Themes({ people }: { people: SentimentSummary }) {
  const { t } = useLanguage()
  const groups = THEMES.map((kind) => [kind, people.themes.filter((theme) => theme.kind === kind)] as const).filter(([, themes]) => themes.length)
  if (!groups.length) return <Card title={t.themes}><p className="muted">{t.noThemes}</p></Card>
  return (
    <Card title={t.themes}>
      <div className="themes">
        {groups.map(([kind, themes]) => (
          <div key={kind}>
            <h3>{t.themeKinds[kind]}</h3>
            <ul className="plain statements">{themes.map((theme) => <ThemeLine key={theme.title} theme={theme} people={people} />)}</ul>
          </div>
        ))}
      </div>
    </Card>
  )
}

function ThemeLine({ theme, people }: { theme: Theme; people: SentimentSummary }) {
  const { t, format } = useLanguage()
  // A theme is its own reason: a source that only says its title again is left out.
  const telling = theme.evidence_ids.filter((id) => people.evidence.some((each) => each.id === id && (each.url || !each.paraphrase.startsWith(theme.title))))
  return (
    <li>
      <div className="theme"><span>{theme.title}</span><span className="amount">{format.number(theme.n)} <span className="muted small">{format.share(theme.share)}</span></span></div>
      {theme.source === 'model' && <span className="muted small">{t.byModel}</span>}
      <Sources ids={telling} known={people.evidence} />
    </li>
  )
}

function Aspects({ people }: { people: SentimentSummary }) {
  const { t } = useLanguage()
  if (!people.aspects.length) return null
  const judged = people.aspects.filter(({ net }) => net !== null)
  const few = people.aspects.filter(({ net }) => net === null)
  return (
    <Card title={t.aspects}>
      {judged.length > 0 && <p className="muted small">{t.aspectsMean}</p>}
      <ul className="plain aspects">{judged.map((aspect) => <AspectLine key={aspect.name} aspect={aspect} people={people} />)}</ul>
      {few.length > 0 && (
        <details className="sources">
          <summary>{t.tooFewSubjects(few.length)}</summary>
          <ul className="plain aspects">{few.map((aspect) => <AspectLine key={aspect.name} aspect={aspect} people={people} />)}</ul>
        </details>
      )}
    </Card>
  )
}

function AspectLine({ aspect, people }: { aspect: Aspect; people: SentimentSummary }) {
  const { t, format } = useLanguage()
  const { name, net, ci95, mentions, basis, precision, evidence_ids } = aspect
  const shown = t.aspectNames[name as keyof typeof t.aspectNames] ?? name.replace(/_/g, ' ')
  return (
    <li>
      <div className="aspect">
        <span>{shown}</span>
        {net === null
          ? <span className="muted small">{t.mentionCount(mentions)}</span>
          : <Interval value={net} range={ci95} domain={[-1, 1]} zero={0} label={t.intervalOf(shown, net, ci95)} />}
        {net !== null && <span className="amount"><NetText value={net} range={ci95} /> <span className="muted small">{t.mentions(mentions)}</span></span>}
      </div>
      <Sources ids={evidence_ids} known={people.evidence} why={[basis, precision === null ? '' : t.precision(format.share(precision))].filter(Boolean).join('. ')} />
    </li>
  )
}

function Stars({ people }: { people: SentimentSummary }) {
  const { t, format } = useLanguage()
  const stars = people.stars!
  return (
    <Card title={t.stars}>
      <p className="big"><span className="figure"><b>{format.number(stars.mean)}</b> {t.of5}</span> <span className="muted small">{t.fromReviews(stars.n)}</span></p>
      <Bars rows={[5, 4, 3, 2, 1].map((count) => ({ label: t.starCount(count), value: stars.counts[count - 1]!, text: format.number(stars.counts[count - 1]!) }))} />
      <Sources ids={stars.evidence_ids} known={people.evidence} />
    </Card>
  )
}

function Intent({ people }: { people: SentimentSummary }) {
  const { t, format } = useLanguage()
  const { share, ci95, n, basis, evidence_ids } = people.purchase_intent
  return (
    <Card title={t.wantToBuy}>
      {share === null ? <p className="big muted">{t.notMeasured}</p> : (
        <>
          <p className="big"><span className="figure"><b>{format.share(share)}</b>{ci95 && <span className="muted small"> {t.likely(format.share(ci95[0]), format.share(ci95[1]))}</span>}</span></p>
          <Interval value={share} range={ci95} domain={[0, 1]} label={t.intervalOf(t.wantToBuy, share, ci95)} />
        </>
      )}
      <p className="muted small">{t.fromTexts(n)}</p>
      <Sources ids={evidence_ids} known={people.evidence} why={basis} />
    </Card>
  )
}
