import { analyzeAgain, cancelJob, jobAdvice, type Overview } from '@creatorscook/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from 'react-router'
import { ask, useMay } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { useClient } from './session.tsx'
import { Button, Problem, useSay } from './ui.tsx'

const FLYING = new Set(['queued', 'running', 'waiting'])

export function isInFlight(product: Pick<Overview, 'job_status'>): boolean {
  return product.job_status !== null && FLYING.has(product.job_status)
}

/** What the latest job of a product does, or why it failed; nothing once it is done. */
export function JobLine({ product, onDelete }: { product: Overview; onDelete: () => void }) {
  const { t, language } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const mayEdit = useMay('editor')
  const { job_id, job_kind, job_status, job_stage, job_progress, job_error_message, job_error_code } = product

  const cancel = useMutation({
    mutationFn: () => ask(cancelJob(client, job_id!)),
    onSuccess: () => say(t.cancelled),
    onSettled: () => queries.invalidateQueries({ queryKey: ['products'] }),
  })
  const again = useMutation({
    mutationFn: () => ask(analyzeAgain(client, product.id)),
    onSettled: () => queries.invalidateQueries(),
  })
  if (!job_status || job_status === 'succeeded') return null

  const known = t.stages[job_stage as keyof typeof t.stages]
  const what = job_kind === 'generate_script' ? t.writingScript : t.analysing
  const codes = t.jobCodes as Partial<Record<string, string>>
  const why = (language === 'en' ? null : job_error_code && codes[job_error_code]) || job_error_message
  if (isInFlight(product)) {
    return (
      <div className="job">
        <div className="row between">
          <span>{what}: {known ?? job_stage}</span>
          <span className="muted">{job_progress} %</span>
        </div>
        <progress max={100} value={job_progress ?? 0} aria-label={what} />
        {job_error_message && <p className="muted small">{t.triesAgain} {why}</p>}
        {mayEdit && <Button kind="quiet" busy={cancel.isPending} onClick={() => cancel.mutate()}>{t.cancel}</Button>}
        <Problem error={cancel.error} />
      </div>
    )
  }
  const advised = jobAdvice({ status: job_status, error_code: job_error_code, error_message: job_error_message })
  // Another try of the same address ends the same way.
  const isWrongAddress = advised?.then === 'mark field' && advised.field === 'source_url'
  // A later analysis may find enough; a person needs no more than a page.
  const isWithoutScript = job_kind === 'generate_script' && job_error_code === 'too_little_data'
  return (
    <div className="notice bad" data-code={job_error_code}>
      <p>{job_status === 'cancelled' ? t.wasCancelled(what) : <>{t.hasFailed(what)} {why}</>}</p>
      {isWrongAddress && mayEdit && <p>{t.otherAddress}</p>}
      {isWrongAddress && mayEdit && <Button kind="danger" onClick={onDelete}>{t.deleteThis}</Button>}
      {mayEdit && isWithoutScript && <p><Link to={`/products/${product.id}/scripts`}>{t.writeMyself}</Link></p>}
      {mayEdit && !isWrongAddress && (job_kind === 'analyze_product' || isWithoutScript) && !product.archived_at && (
        <Button busy={again.isPending} onClick={() => again.mutate()}>{t.analyseAgain}</Button>
      )}
      <Problem error={again.error} />
    </div>
  )
}
