import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { ask } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Chip, Empty, Loading, Problem } from '../ui.tsx'
import { WebhookForm, type Endpoint } from '../webhook-form.tsx'

export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const [isAdding, setIsAdding] = useState(false)
  const endpoints = useQuery({
    queryKey: ['webhooks'],
    queryFn: () => ask(client.from('webhook_endpoints').select('*').order('created_at', { ascending: false })),
  })
  const rows = endpoints.data ?? []
  return (
    <>
      <div className="row between top toolbar">
        <p className="muted">{t.webhooksText}</p>
        <Button kind="primary" onClick={() => setIsAdding(true)}>{t.addWebhook}</Button>
      </div>
      {endpoints.error && !endpoints.data && <Problem error={endpoints.error} onRetry={() => endpoints.refetch()} />}
      {endpoints.isPending && !endpoints.error && <Loading lines={4} />}
      {endpoints.isSuccess && rows.length === 0 && <Empty title={t.noWebhooks} text={t.noWebhooksText} />}
      {rows.length > 0 && (
        <ul className="plain list">
          {rows.map((row) => (
            <li key={row.id} className={row.disabled_at ? 'off' : ''}>
              <div>
                <div className="row tight"><h2 className="address"><Link to={row.id}>{row.url}</Link></h2><EndpointState endpoint={row} /></div>
                <p className="muted small">{[row.description, kindsText(row, t)].filter(Boolean).join(' · ')}</p>
              </div>
            </li>
          ))}
        </ul>
      )}
      <WebhookForm endpoint={null} open={isAdding} onOpenChange={setIsAdding} />
    </>
  )
}

export function EndpointState({ endpoint }: { endpoint: Endpoint }) {
  const { t } = useLanguage()
  return endpoint.disabled_at ? <Chip tone={endpoint.disabled_reason === 'owner' ? 'warn' : 'bad'}>{t.disabled}</Chip> : <Chip tone="good">{t.enabled}</Chip>
}

export function kindsText(endpoint: Endpoint, t: ReturnType<typeof useLanguage>['t']): string {
  if (!endpoint.kinds.length) return t.webhookAll
  return endpoint.kinds.map((kind) => t.notificationKinds[kind as keyof typeof t.notificationKinds] ?? kind).join(', ')
}
