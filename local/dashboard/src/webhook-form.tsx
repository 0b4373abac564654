import type { Tables } from '@creatorscook/client/database'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { ask, one, refusal } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { useClient } from './session.tsx'
import { Button, Check, Dialog, Input, Problem, SecretOnce, useSay, useSentence } from './ui.tsx'

export type Endpoint = Tables<'webhook_endpoints'>

/** The kinds of notifications, as the database knows them. */
const KINDS = [
  'analysis_done', 'analysis_failed', 'score_changed', 'breakout', 'new_complaint', 'sold_out', 'back_in_stock',
  'watch_failing', 'watch_stopped', 'quota_nearly_used', 'payment_failed', 'webhook_disabled',
] as const

/** Adds an endpoint and shows its first secret, or changes one. */
export function WebhookForm({ endpoint, open, onOpenChange }: { endpoint: Endpoint | null; open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useLanguage()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={endpoint ? t.editWebhook : t.addWebhook} text={t.webhookFormText}>
      <Fields endpoint={endpoint} onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function Fields({ endpoint, onDone }: { endpoint: Endpoint | null; onDone: () => void }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const sentence = useSentence()
  // One id for each form: a repeated request adds one endpoint.
  const [id] = useState(() => endpoint?.id ?? crypto.randomUUID())
  const [url, setUrl] = useState(endpoint?.url ?? '')
  const [description, setDescription] = useState(endpoint?.description ?? '')
  const [isAll, setIsAll] = useState(!endpoint?.kinds.length)
  const [kinds, setKinds] = useState<readonly string[]>(endpoint?.kinds ?? [])
  // The endpoint was added, but its secret was not made: another try changes it.
  const isThere = useRef(endpoint !== null)

  const save = useMutation({
    mutationFn: async () => {
      const row = { url: url.trim(), description: description.trim(), kinds: isAll ? [] : [...kinds] }
      if (isThere.current) {
        await ask(client.from('webhook_endpoints').update(row).eq('id', id).select('id').single())
        if (endpoint) return null
      } else {
        await ask(client.from('webhook_endpoints').insert({ ...row, id }).select('id').single())
        isThere.current = true
      }
      return one(client.rpc('rotate_webhook_secret', { id }))
    },
    onSuccess: (made) => {
      if (made) return
      say(t.saved)
      onDone()
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['webhooks'] }),
  })
  if (save.data) {
    return (
      <>
        <SecretOnce label={t.webhookSecret} value={save.data.secret} hint={t.secretOnce} />
        <p className="muted small">{t.webhookVerify}</p>
        <div className="row end"><Button onClick={onDone}>{t.keptIt}</Button></div>
      </>
    )
  }
  const refused = save.error && refusal(save.error)
  const marked = refused?.advice.then === 'mark field' ? refused.advice.field : null
  const problem = (name: string) => (marked === name ? sentence(refused!) : undefined)
  const isEmpty = !isAll && kinds.length === 0
  return (
    <form noValidate onSubmit={(event) => { event.preventDefault(); if (!isEmpty) save.mutate() }}>
      <Input label={t.webhookUrl} hint={t.webhookUrlHint} type="url" inputMode="url" placeholder="https://" value={url} onChange={(event) => setUrl(event.target.value)} problem={problem('url')} />
      <Input label={t.webhookDescription} value={description} maxLength={200} onChange={(event) => setDescription(event.target.value)} problem={problem('description')} />
      <fieldset className="choices">
        <legend>{t.webhookKinds}</legend>
        <Check label={t.webhookAll} checked={isAll} onChange={(event) => setIsAll(event.target.checked)} />
        {!isAll && (
          <div className="kinds">
            {KINDS.map((kind) => (
              <Check key={kind} label={t.notificationKinds[kind]} checked={kinds.includes(kind)}
                onChange={(event) => setKinds(event.target.checked ? [...kinds, kind] : kinds.filter((each) => each !== kind))} />
            ))}
          </div>
        )}
        {problem('kinds') && <p className="problem" role="alert">{problem('kinds')}</p>}
      </fieldset>
      {refused && !['url', 'description', 'kinds'].includes(marked ?? '') && <Problem error={refused} onRetry={() => save.mutate()} />}
      <div className="row end"><Button kind="primary" type="submit" busy={save.isPending} disabled={isEmpty}>{endpoint ? t.save : t.addWebhook}</Button></div>
    </form>
  )
}
