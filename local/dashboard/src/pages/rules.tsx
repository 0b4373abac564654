import { adoptStarterRules } from '@creatorscook/client'
import type { Tables } from '@creatorscook/client/database'
import type { StarterPack } from '@creatorscook/client/documents'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ask, useBrands, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { RuleForm } from '../rule-form.tsx'
import { useClient } from '../session.tsx'
import { Button, Check, Chip, Confirm, Empty, Loading, PageHead, Problem, useSay } from '../ui.tsx'

type Rule = Tables<'brand_rules'>

export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const mayEdit = useMay('editor')
  const { data: brands = [] } = useBrands()
  const [edited, setEdited] = useState<Rule | 'new' | null>(null)
  const [leaving, setLeaving] = useState<Rule | null>(null)
  useEffect(() => { document.title = `${t.nav.rules} · CreatorsCook` }, [t])
  const rules = useQuery({
    queryKey: ['rules'],
    queryFn: () => ask(client.from('brand_rules').select('*').order('rule_name').limit(1000)),
  })
  const refresh = () => queries.invalidateQueries({ queryKey: ['rules'] })
  const adopt = useMutation({
    mutationFn: (pack: StarterPack) => ask(adoptStarterRules(client, pack)),
    onSuccess: (added) => { say(t.adopted(added.length)); void refresh() },
  })
  const enable = useMutation({
    mutationFn: ({ id, enabled }: { id: string; enabled: boolean }) => ask(client.from('brand_rules').update({ enabled }).eq('id', id).select('id').single()),
    onSettled: refresh,
  })
  const remove = useMutation({
    mutationFn: (id: string) => ask(client.from('brand_rules').delete().eq('id', id).select('id')),
    onSuccess: () => say(t.ruleDeleted),
    onSettled: refresh,
  })
  return (
    <>
      <PageHead title={t.nav.rules} text={t.rulesText}>
        {mayEdit && <Button kind="primary" onClick={() => setEdited('new')}>{t.addRule}</Button>}
      </PageHead>
      {mayEdit && (
        <p className="row">
          <Button busy={adopt.isPending} onClick={() => adopt.mutate('ftc')}>{t.adoptFtc}</Button>
          <Button busy={adopt.isPending} onClick={() => adopt.mutate('tiktok')}>{t.adoptTiktok}</Button>
        </p>
      )}
      <Problem error={adopt.error ?? enable.error ?? remove.error} />
      {rules.error && !rules.data && <Problem error={rules.error} onRetry={() => rules.refetch()} />}
      {rules.isPending && !rules.error && <Loading lines={5} />}
      {rules.data?.length === 0 && <Empty title={t.noRules} text={t.noRulesText} />}
      <ul className="plain list">
        {rules.data?.map((rule) => {
          const { kind, severity, message, source } = rule.rule_definition
          return (
            <li key={rule.id} className={rule.enabled ? '' : 'off'}>
              <div>
                <div className="row tight">
                  <h2>{rule.rule_name}</h2>
                  <Chip tone={severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'neutral'}>{t.ruleSeverity[severity]}</Chip>
                  <Chip>{t.kinds[kind].name}</Chip>
                </div>
                <p className="muted small">
                  {brands.find(({ id }) => id === rule.brand_id)?.name ?? t.allBrands}
                  {source?.origin && source.origin !== 'brand' && <> · {t.origin[source.origin]}</>}
                </p>
                <Words rule={rule.rule_definition} />
                {message && <p>{message}</p>}
              </div>
              {mayEdit && (
                <div className="row">
                  <Check label={t.applied} checked={rule.enabled} onChange={(event) => enable.mutate({ id: rule.id, enabled: event.target.checked })} aria-label={`${t.applied}: ${rule.rule_name}`} />
                  <Button kind="quiet" onClick={() => setEdited(rule)} aria-label={`${t.edit}: ${rule.rule_name}`}>{t.edit}</Button>
                  <Button kind="quiet" className="danger" onClick={() => setLeaving(rule)} aria-label={`${t.delete}: ${rule.rule_name}`}>{t.delete}</Button>
                </div>
              )}
            </li>
          )
        })}
      </ul>
      <RuleForm rule={edited === 'new' ? null : edited} open={edited !== null} onOpenChange={(open) => !open && setEdited(null)} />
      <Confirm
        open={leaving !== null} onOpenChange={(open) => !open && setLeaving(null)} title={t.deleteRule(leaving?.rule_name ?? '')}
        text={t.deleteRuleText} action={t.delete} onConfirm={() => leaving && remove.mutate(leaving.id)}
      />
    </>
  )
}

const MOST = 6

/** The words that a rule looks for, so that a list of rules can be read without opening each. */
function Words({ rule }: { rule: Rule['rule_definition'] }) {
  const words = rule.kind === 'banned_phrase' ? rule.params.terms : rule.kind === 'competitor_mention' ? rule.params.names : []
  if (!words.length) return null
  return <p>{words.slice(0, MOST).map((word) => `“${word}”`).join(', ')}{words.length > MOST && ' …'}</p>
}
