import { listShares, packCsv, packMarkdown, revokeShare, sharePack, type Overview } from '@creatorscook/client'
import type { PackHook } from '@creatorscook/client/documents'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import { Link, useNavigate, useOutletContext } from 'react-router'
import { ask, refusal, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { isInFlight } from '../jobs.tsx'
import { Pack } from '../pack.tsx'
import { useDocuments } from '../product-data.ts'
import { fileName, saveFile } from '../save.ts'
import { useClient } from '../session.tsx'
import { Button, Dialog, Empty, Loading, Problem, SecretOnce, Select, useSay, useSentence } from '../ui.tsx'

export function Component() {
  const { t, language, format } = useLanguage()
  const product = useOutletContext<Overview>()
  const documents = useDocuments(product.id)
  const navigate = useNavigate()
  const mayEdit = useMay('editor')
  const [isSharing, setIsSharing] = useState(false)
  const pack = documents.data?.pack

  if (documents.error && !documents.data) return <Problem error={documents.error} onRetry={() => documents.refetch()} />
  if (!documents.data) return <Loading lines={6} />
  if (!pack) return <NoPack product={product} />
  const { locale } = pack.configuration
  const write = (hook: PackHook) => navigate('scripts', { state: { hook: hook.text } })
  return (
    <>
      {locale !== language && <p className="muted small no-print">{t.packIn(format.language(locale))} <Link to="/account">{t.packLanguage}</Link></p>}
      <Pack
        content={pack.configuration} record={pack.configuration.record ?? null}
        {...(mayEdit && !product.archived_at && { onHook: write })}
        aside={
          <div className="row no-print" lang="">
            {mayEdit && <Button onClick={() => setIsSharing(true)}>{t.share}</Button>}
            <Download packId={pack.id} name={product.name} />
            <Button onClick={() => print()}>{t.print}</Button>
          </div>
        }
      />
      <Share packId={pack.id} open={isSharing} onOpenChange={setIsSharing} />
    </>
  )
}

/** The pack as a file of another program. */
function Download({ packId, name }: { packId: string; name: string }) {
  const { t } = useLanguage()
  const client = useClient()
  const say = useSay()
  const sentence = useSentence()
  const save = useMutation({
    mutationFn: async (kind: 'md' | 'csv') => {
      if (kind === 'md') saveFile(`${fileName(name)}.md`, 'text/markdown', await ask(packMarkdown(client, packId)))
      // Excel takes a file for UTF-8 only with this mark in front.
      else saveFile(`${fileName(name)}.csv`, 'text/csv', `\ufeff${await ask(packCsv(client, packId))}`)
    },
    onSuccess: () => say(t.downloaded),
    onError: (error) => say(sentence(refusal(error))),
  })
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild><Button busy={save.isPending}>{t.download}</Button></DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
          <DropdownMenu.Item onSelect={() => save.mutate('md')}>{t.asMarkdown}</DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => save.mutate('csv')}>{t.asCsv}</DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

/** In place of documents that no analysis has left yet. */
export function NoPack({ product }: { product: Overview }) {
  const { t } = useLanguage()
  return isInFlight(product)
    ? <Empty title={t.beingAnalysed} text={t.beingAnalysedText} />
    : <Empty title={t.noPack} text={product.job_status === 'failed' ? t.noPackFailed : t.noPackText} />
}

function Share({ packId, open, onOpenChange }: { packId: string; open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const [days, setDays] = useState('30')
  const shares = useQuery({ queryKey: ['shares', packId], queryFn: () => ask(listShares(client, packId)), enabled: open })
  const refresh = () => queries.invalidateQueries({ queryKey: ['shares', packId] })
  const add = useMutation({
    mutationFn: () => ask(sharePack(client, packId, new Date(Date.now() + Number(days) * 86_400_000))),
    onSuccess: refresh,
  })
  const revoke = useMutation({
    mutationFn: (id: string) => ask(revokeShare(client, id)),
    onSuccess: (_, id) => {
      if (add.data?.id === id) add.reset()
      void refresh()
    },
  })
  // Behind the #, so that no server logs it.
  const link = add.data && `${location.origin}/shared#${add.data.secret}`
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t.share} text={t.shareText}>
      <div className="row bottom">
        <Select label={t.endsAfter} value={days} onChange={(event) => setDays(event.target.value)}>
          {[1, 7, 30, 90, 365].map((count) => <option key={count} value={count}>{t.days(count)}</option>)}
        </Select>
        <Button kind="primary" busy={add.isPending} onClick={() => add.mutate()}>{t.newLink}</Button>
      </div>
      <Problem error={add.error ?? revoke.error ?? shares.error} />
      {link && <SecretOnce label={t.linkOnce} value={link} />}
      {shares.data && shares.data.length > 0 && (
        <>
          <h3>{t.openLinks}</h3>
          <ul className="plain rows">
            {shares.data.map((each) => (
              <li key={each.id} className="row between">
                <span>{t.madeEnds(format.day(each.created_at), format.day(each.expires_at))}</span>
                <Button kind="quiet" onClick={() => revoke.mutate(each.id)}>{t.revoke}</Button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}
