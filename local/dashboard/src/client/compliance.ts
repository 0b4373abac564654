import type { Client } from './client.ts'
import type { Verdict } from '../../../../supabase/types/documents.ts'

/** Without a product only the rules for all brands apply. */
export function checkCompliance(
  client: Client,
  content: string,
  product_id?: string,
  signal?: AbortSignal,
) {
  const request = client.rpc('check_compliance', { content, product_id })
  return signal ? request.abortSignal(signal) : request
}

/** What to call with each keystroke. */
export function checkWhileTyping(
  client: Client,
  product_id: string | undefined,
  onVerdicts: (content: string, verdicts: Verdict[]) => void,
  waitMilliseconds = 300,
): (content: string) => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stale = new AbortController()
  return (content) => {
    clearTimeout(timer)
    stale.abort()
    stale = new AbortController()
    const { signal } = stale
    timer = setTimeout(async () => {
      if (!content.trim()) return onVerdicts(content, [])
      const { data } = await checkCompliance(client, content, product_id, signal)
      if (data && !signal.aborted) onVerdicts(content, data)
    }, waitMilliseconds)
  }
}

/** The text in pieces, each with the broken rules that mean it: one <mark> for each that has any. */
export function highlight(content: string, verdicts: Verdict[]) {
  const broken = verdicts.filter(({ status }) => status === 'fail' || status === 'needs_review')
  const spans = broken.flatMap((verdict) => verdict.spans.map((span) => ({ ...span, verdict })))
  const edges = new Set([0, content.length, ...spans.flatMap(({ start, end }) => [start, end])])
  const cuts = [...edges].sort((a, b) => a - b)
  return cuts.slice(0, -1).map((start, index) => ({
    text: content.slice(start, cuts[index + 1]),
    verdicts: spans
      .filter((span) => span.start <= start && start < span.end)
      .map(({ verdict }) => verdict),
  }))
}
