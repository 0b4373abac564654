import type { Evidence, SharedEvidence } from '@creatorscook/client/documents'
import { useLanguage } from './i18n.tsx'

type Known = readonly (Evidence | SharedEvidence)[]

/** What a statement rests on, one click away. It quotes nobody. */
export function Sources({ ids, known, why }: { ids: readonly string[]; known: Known; why?: string }) {
  const { t, format } = useLanguage()
  const found = ids.map((id) => known.find((each) => each.id === id)).filter((each) => each !== undefined)
  if (!found.length && !why) return null
  return (
    <details className="sources">
      <summary>{t.why}</summary>
      {why && <p>{why}</p>}
      <ul>
        {found.map((each) => (
          <li key={each.id}>
            <span className="kind">{t.evidence[each.kind]}</span> {each.paraphrase}
            {each.n > 1 && !each.paraphrase.includes(format.number(each.n)) && <span className="muted"> ({t.of(format.number(each.n))})</span>}
            {each.url && /^https?:\/\//.test(each.url) && <> <a href={each.url} target="_blank" rel="noreferrer">{t.open}</a></>}
          </li>
        ))}
      </ul>
    </details>
  )
}
