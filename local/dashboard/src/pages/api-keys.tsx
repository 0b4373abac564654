import type { Tables } from '@creatorscook/client/database'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask, one, refusal, useMakers } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Card, Chip, Confirm, Dialog, Empty, Input, Loading, Problem, SecretOnce, Select, useSay, useSentence } from '../ui.tsx'

type Key = Tables<'api_keys'>
const SCOPES = { read: ['read'], write: ['read', 'write'] } as const
const DAYS = [30, 90, 365]

export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const [isMaking, setIsMaking] = useState(false)
  const keys = useQuery({
    queryKey: ['api_keys'],
    queryFn: () => ask(client.from('api_keys').select('*').order('created_at', { ascending: false }).limit(200)),
  })
  const rows = keys.data ?? []
  return (
    <>
      <div className="row between top toolbar">
        <p className="muted">{t.apiKeysText}</p>
        <Button kind="primary" onClick={() => setIsMaking(true)}>{t.newKey}</Button>
      </div>
      {keys.error && !keys.data && <Problem error={keys.error} onRetry={() => keys.refetch()} />}
      {keys.isPending && !keys.error && <Loading lines={4} />}
      {keys.isSuccess && rows.length === 0 && <Empty title={t.noKeys} text={t.noKeysText} />}
      {rows.length > 0 && <ul className="plain list">{rows.map((key) => <Row key={key.id} row={key} />)}</ul>}
      <Card title={t.howToUse}>
        <p>{t.keyUse}</p>
        <pre className="code" tabIndex={0}>{`curl -X POST ${location.origin}/auth/session \\\n  -H "Authorization: Bearer cck_…"`}</pre>
        <p className="muted small">{t.keyNever}</p>
      </Card>
      <NewKey open={isMaking} onOpenChange={setIsMaking} />
    </>
  )
}

function Row({ row }: { row: Key }) {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const [asks, setAsks] = useState(false)
  const revoke = useMutation({
    mutationFn: () => ask(client.rpc('revoke_api_key', { id: row.id })),
    onSuccess: () => say(t.keyRevoked(row.name)),
    onSettled: () => queries.invalidateQueries({ queryKey: ['api_keys'] }),
  })
  const isOver = row.revoked_at !== null || Date.parse(row.expires_at) < Date.now()
  const maker = useMakers()(row.created_by)
  return (
    <li className={isOver ? 'off' : ''}>
      <div>
        <div className="row tight">
          <h2>{row.name}</h2>
          <Chip>{t.scopeNames[row.scopes.length > 1 ? 'write' : 'read']}</Chip>
          {row.revoked_at ? <Chip tone="bad">{t.revoked}</Chip> : isOver && <Chip tone="warn">{t.expired}</Chip>}
        </div>
        <p className="muted small">
          <code>cck_…{row.last_characters}</code> · {row.last_used_at ? t.lastUsed(format.ago(row.last_used_at)) : t.neverUsed}
          {' · '}{row.revoked_at ? t.revokedOn(format.day(row.revoked_at)) : isOver ? t.endedOn(format.day(row.expires_at)) : t.worksUntil(format.day(row.expires_at))}
          {maker && <> · {t.madeBy(maker)}</>}
        </p>
        <Problem error={revoke.error} onRetry={() => revoke.mutate()} />
      </div>
      {!isOver && <Button busy={revoke.isPending} aria-label={t.revokeKey(row.name)} onClick={() => setAsks(true)}>{t.revoke}</Button>}
      <Confirm open={asks} onOpenChange={setAsks} title={t.revokeKey(row.name)} text={t.revokeKeyText} action={t.revoke} onConfirm={() => revoke.mutate()} />
    </li>
  )
}

function NewKey({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useLanguage()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t.newKey} text={t.newKeyText}>
      <Fields onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function Fields({ onDone }: { onDone: () => void }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const sentence = useSentence()
  const [name, setName] = useState('')
  const [scope, setScope] = useState<keyof typeof SCOPES>('read')
  const [days, setDays] = useState('90')
  const make = useMutation({
    mutationFn: () => one(client.rpc('create_api_key', {
      name, scopes: [...SCOPES[scope]], expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString(),
    })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['api_keys'] }),
  })
  if (make.data) {
    return (
      <>
        <SecretOnce label={t.theKey} value={make.data.secret} hint={t.secretOnce} />
        <div className="row end"><Button onClick={onDone}>{t.keptIt}</Button></div>
      </>
    )
  }
  const refused = make.error && refusal(make.error)
  const marked = refused?.advice.then === 'mark field' && refused.advice.field === 'name' ? sentence(refused) : undefined
  return (
    <form noValidate onSubmit={(event) => { event.preventDefault(); make.mutate() }}>
      <Input label={t.name} hint={t.keyNameHint} value={name} maxLength={200} autoComplete="off" onChange={(event) => setName(event.target.value)} problem={marked} />
      <Select label={t.keyMay} value={scope} onChange={(event) => setScope(event.target.value as keyof typeof SCOPES)}>
        {(['read', 'write'] as const).map((each) => <option key={each} value={each}>{t.scopeNames[each]}: {t.scopeMeans[each]}</option>)}
      </Select>
      <Select label={t.endsAfter} value={days} onChange={(event) => setDays(event.target.value)}>
        {DAYS.map((count) => <option key={count} value={count}>{t.days(count)}</option>)}
      </Select>
      {!marked && <Problem error={make.error} onRetry={() => make.mutate()} />}
      <div className="row end"><Button kind="primary" type="submit" busy={make.isPending}>{t.makeKey}</Button></div>
    </form>
  )
}
