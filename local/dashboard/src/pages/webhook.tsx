import type { Tables } from '@creatorscook/client/database'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { ask, one } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Card, Chip, Confirm, Dialog, Empty, Loading, Problem, SecretOnce, useSay } from '../ui.tsx'
import { WebhookForm, type Endpoint } from '../webhook-form.tsx'
import { EndpointState, kindsText } from './webhooks.tsx'

type Delivery = Tables<'webhook_deliveries'>
const COUNT = 50
const TONES = { pending: 'neutral', delivered: 'good', failed: 'bad' } as const

export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const { id = '' } = useParams()
  const endpoint = useQuery({
    queryKey: ['webhooks', id],
    queryFn: () => one(client.from('webhook_endpoints').select('*').eq('id', id).single()),
  })
  if (endpoint.error && !endpoint.data) return <Problem error={endpoint.error} onRetry={() => endpoint.refetch()} />
  if (!endpoint.data) return <Loading lines={5} />
  return (
    <>
      <p><Link to="/developers/webhooks">{t.backToWebhooks}</Link></p>
      <Head endpoint={endpoint.data} />
      <Deliveries endpoint={endpoint.data} />
    </>
  )
}

function Head({ endpoint }: { endpoint: Endpoint }) {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const say = useSay()
  const [asks, setAsks] = useState<'edit' | 'rotate' | 'delete' | null>(null)
  const { id } = endpoint
  const refresh = () => queries.invalidateQueries({ queryKey: ['webhooks'] })
  const test = useMutation({ mutationFn: () => ask(client.rpc('test_webhook', { id })), onSuccess: () => say(t.testSent), onSettled: refresh })
  const rotate = useMutation({ mutationFn: () => one(client.rpc('rotate_webhook_secret', { id })) })
  const able = useMutation({
    mutationFn: (at: string | null) => ask(client.from('webhook_endpoints').update({ disabled_at: at }).eq('id', id).select('id').single()),
    onSuccess: (_, at) => say(at ? t.disabledSaid : t.enabledSaid),
    onSettled: refresh,
  })
  const remove = useMutation({
    mutationFn: () => ask(client.from('webhook_endpoints').delete().eq('id', id).select('id')),
    onSuccess: () => {
      say(t.webhookDeleted)
      navigate('/developers/webhooks')
      queries.removeQueries({ queryKey: ['webhooks', id] })
      void refresh()
    },
  })
  const close = (open: boolean) => { if (!open) setAsks(null) }
  return (
    <Card className="top-gap" title={<span className="address">{endpoint.url}</span>} aside={<EndpointState endpoint={endpoint} />}>
      {endpoint.description && <p>{endpoint.description}</p>}
      <p className="muted small">{t.webhookGets}: {kindsText(endpoint, t)}</p>
      {endpoint.disabled_at && endpoint.disabled_reason && (
        <p className="muted small">{t.disabledReasons[endpoint.disabled_reason as keyof typeof t.disabledReasons]} {t.since(format.moment(endpoint.disabled_at))}</p>
      )}
      <Problem error={test.error ?? able.error ?? remove.error} />
      <div className="row">
        {endpoint.disabled_at
          ? <Button kind="primary" busy={able.isPending} onClick={() => able.mutate(null)}>{t.enable}</Button>
          : <Button kind="primary" busy={test.isPending} onClick={() => test.mutate()}>{t.sendTest}</Button>}
        <Button onClick={() => setAsks('edit')}>{t.edit}</Button>
        <Button onClick={() => { rotate.reset(); setAsks('rotate') }}>{t.newSecret}</Button>
        {!endpoint.disabled_at && <Button busy={able.isPending} onClick={() => able.mutate(new Date().toISOString())}>{t.disable}</Button>}
        <Button kind="danger" busy={remove.isPending} onClick={() => setAsks('delete')}>{t.delete}</Button>
      </div>
      <WebhookForm endpoint={endpoint} open={asks === 'edit'} onOpenChange={close} />
      <Dialog open={asks === 'rotate'} onOpenChange={close} title={t.newSecret} text={t.newSecretText}>
        {rotate.data ? (
          <>
            <SecretOnce label={t.webhookSecret} value={rotate.data.secret} hint={t.secretOnce} />
            {rotate.data.old_secret_ends_at && <p className="muted small">{t.oldSecretEnds(format.moment(rotate.data.old_secret_ends_at))}</p>}
            <div className="row end"><Button onClick={() => setAsks(null)}>{t.keptIt}</Button></div>
          </>
        ) : (
          <>
            <Problem error={rotate.error} onRetry={() => rotate.mutate()} />
            <div className="row end">
              <Button onClick={() => setAsks(null)}>{t.cancel}</Button>
              <Button kind="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>{t.makeSecret}</Button>
            </div>
          </>
        )}
      </Dialog>
      <Confirm open={asks === 'delete'} onOpenChange={close} title={t.deleteWebhook} text={t.deleteWebhookText} action={t.delete} onConfirm={() => remove.mutate()} />
    </Card>
  )
}

function Deliveries({ endpoint }: { endpoint: Endpoint }) {
  const { t } = useLanguage()
  const client = useClient()
  const deliveries = useQuery({
    queryKey: ['webhooks', endpoint.id, 'deliveries'],
    queryFn: () =>
      ask(client.from('webhook_deliveries').select('*').eq('endpoint_id', endpoint.id).order('created_at', { ascending: false }).limit(COUNT)),
    // What was not tried yet is on its way; what waits for another attempt is not.
    refetchInterval: ({ state }) => (state.data?.some(({ status, attempts }) => status === 'pending' && attempts === 0) ? 1000 : 15_000),
  })
  const rows = deliveries.data ?? []
  return (
    <Card title={t.deliveries}>
      {deliveries.error && !deliveries.data && <Problem error={deliveries.error} onRetry={() => deliveries.refetch()} />}
      {deliveries.isPending && !deliveries.error && <Loading lines={3} />}
      {deliveries.isSuccess && rows.length === 0 && <Empty title={t.noDeliveries} text={t.noDeliveriesText} />}
      {rows.length > 0 && (
        <>
          <ul className="plain rows">{rows.map((row) => <Line key={row.id} row={row} />)}</ul>
          <p className="muted small">{t.deliveriesKept}</p>
        </>
      )}
    </Card>
  )
}

function Line({ row }: { row: Delivery }) {
  const { t, format } = useLanguage()
  const kind = t.notificationKinds[row.kind as keyof typeof t.notificationKinds] ?? row.kind
  const why = row.problem === 'status' && row.response_status !== null
    ? t.answeredWith(row.response_status)
    : row.problem && t.deliveryProblems[row.problem as keyof typeof t.deliveryProblems]
  return (
    <li>
      <div className="row between top">
        <div className="row tight"><b>{kind}</b><Chip tone={row.problem && row.status === 'pending' ? 'warn' : TONES[row.status]}>{row.problem && row.status === 'pending' ? t.triedAgain : t.deliveryStatus[row.status]}</Chip></div>
        <span className="muted small nowrap">{format.moment(row.created_at)}</span>
      </div>
      <p className="muted small">
        {t.attempts(row.attempts)}
        {why ? ` · ${why}` : row.status === 'delivered' && row.response_status ? ` · ${t.answeredWith(row.response_status)}` : ''}
        {row.problem && row.next_attempt_at && ` · ${t.nextTry(format.moment(row.next_attempt_at))}`}
      </p>
      <details className="sources">
        <summary>{t.whatIsPosted}</summary>
        <pre className="code" tabIndex={0}>{JSON.stringify(row.payload, null, 2)}</pre>
        <p className="muted small">webhook-id: <code>{row.id}</code></p>
      </details>
    </li>
  )
}
