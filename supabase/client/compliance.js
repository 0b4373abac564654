/** @import { Verdict } from './documents.js' */
/** @import { Answer, Client } from './session.js' */

/**
 * Checks a text against the rules, within milliseconds. Without a product only the rules for all
 * brands apply.
 * @param {Client} client
 * @param {string} content
 * @param {string} [product_id]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer<Verdict[]>>}
 */
export async function checkCompliance(client, content, product_id, signal) {
  const request = client.rpc('check_compliance', { content, product_id })
  return signal ? request.abortSignal(signal) : request
}

/**
 * What to call with each keystroke. The answer for a text that has changed since is dropped.
 * @param {Client} client
 * @param {string | undefined} product_id
 * @param {(content: string, verdicts: Verdict[]) => void} onVerdicts
 * @param {number} [waitMilliseconds]
 * @returns {(content: string) => void}
 */
export function checkWhileTyping(client, product_id, onVerdicts, waitMilliseconds = 300) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
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

/**
 * The text in pieces, each with the broken rules that mean it: one <mark> for each that has any.
 * @param {string} content
 * @param {Verdict[]} verdicts
 * @returns {{ text: string, verdicts: Verdict[] }[]}
 */
export function highlight(content, verdicts) {
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
