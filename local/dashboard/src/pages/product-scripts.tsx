import { addScript, type Overview } from '@creatorscook/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation, useNavigate, useOutletContext } from 'react-router'
import { ask, one, refusal, useMakers, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { isInFlight } from '../jobs.tsx'
import { useDocuments } from '../product-data.ts'
import { useClient } from '../session.tsx'
import { Button, Card, Chip, Empty, Loading, Problem, Select, TextArea, useSay, useSentence } from '../ui.tsx'

const MAX_BRIEF = 2000

export function Component() {
  const { t, format } = useLanguage()
  const product = useOutletContext<Overview>()
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const mayEdit = useMay('editor') && !product.archived_at
  const makerOf = useMakers()
  const { state } = useLocation() as { state: { hook?: string } | null }
  const scripts = useQuery({
    queryKey: ['scripts', product.id],
    queryFn: () =>
      ask(client.from('scripts').select('id, title, content, status, origin, version, updated_at, job_id, created_by, updated_by')
        .eq('product_id', product.id).order('updated_at', { ascending: false }).limit(100)),
  })
  const changedBy = (script: { created_by: string | null; updated_by: string | null }) => {
    const maker = makerOf(script.updated_by ?? script.created_by)
    return maker && t.changedBy(maker)
  }
  const write = useMutation({
    mutationFn: () => one(addScript(client, product.id, t.newScriptText)),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ['scripts', product.id] })
      navigate(`/scripts/${id}`)
    },
  })
  // What is there comes first, unless somebody came to have a draft written.
  const isFormFirst = state !== null || scripts.data?.length === 0
  return (
    <>
      {mayEdit && isFormFirst && <Draft product={product} />}
      <Card title={t.tabs.scripts} aside={mayEdit && <Button busy={write.isPending} onClick={() => write.mutate()}>{t.writeMyself}</Button>}>
        <Problem error={write.error} />
        {scripts.error && !scripts.data && <Problem error={scripts.error} onRetry={() => scripts.refetch()} />}
        {scripts.isPending && !scripts.error && <Loading lines={3} />}
        {scripts.data?.length === 0 && <Empty title={t.noScripts} text={t.noScriptsText} />}
        <ul className="plain rows">
          {scripts.data?.map((script) => (
            <li key={script.id}>
              <div className="row tight">
                <h3><Link to={`/scripts/${script.id}`}>{script.title ?? firstLine(script.content)}</Link></h3>
                <Chip tone={script.status === 'final' ? 'good' : 'neutral'}>{t.scriptStatus[script.status]}</Chip>
                {script.origin === 'ai' && <Chip>{t.aiDraft}</Chip>}
              </div>
              <p className="muted small">{[t.versionOf(script.version), format.ago(script.updated_at), changedBy(script)].filter(Boolean).join(' · ')}</p>
            </li>
          ))}
        </ul>
      </Card>
      {mayEdit && !isFormFirst && <Draft product={product} />}
    </>
  )
}

/** A draft by AI, from the pack, the brand's rules and what the person asks for. */
function Draft({ product }: { product: Overview }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const sentence = useSentence()
  const { state } = useLocation()
  const documents = useDocuments(product.id)
  const hooks = documents.data?.pack?.configuration.hooks ?? []
  const [hook, setHook] = useState<string>((state as { hook?: string } | null)?.hook ?? '')
  const [wish, setWish] = useState('')
  const brief = [hook && t.openWith(hook), wish].filter(Boolean).join('\n')
  const draft = useMutation({
    mutationFn: () => ask(client.rpc('generate_script', { product_id: product.id, ...(brief && { brief }) })),
    onSuccess: () => {
      say(t.draftBegun)
      void queries.invalidateQueries({ queryKey: ['products'] })
    },
  })
  const refused = draft.error && refusal(draft.error)
  const marked = refused?.advice.then === 'mark field' ? sentence(refused) : undefined
  const isWriting = product.job_kind === 'generate_script' && isInFlight(product)
  return (
    <Card title={t.aiDraftTitle}>
      <form onSubmit={(event) => { event.preventDefault(); draft.mutate() }}>
        {hooks.length > 0 && (
          <Select label={t.hook} value={hook} onChange={(event) => setHook(event.target.value)}>
            <option value="">{t.anyHook}</option>
            {hooks.map((each) => <option key={each.id} value={each.text}>{each.text}</option>)}
          </Select>
        )}
        <TextArea label={t.wish} hint={t.wishHint} rows={3} maxLength={MAX_BRIEF} value={wish} onChange={(event) => setWish(event.target.value)} problem={marked} />
        {!marked && <Problem error={draft.error} onRetry={() => draft.mutate()} />}
        <div className="row end"><Button kind="primary" type="submit" busy={draft.isPending || isWriting}>{isWriting ? t.writingScript : t.writeDraft}</Button></div>
      </form>
    </Card>
  )
}

export function firstLine(text: string): string {
  const line = text.trim().split('\n')[0] ?? ''
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
