import type { Tables } from '@creatorscook/client/database'
import type { RuleDefinition, RuleKind, RuleOfKind, Severity } from '@creatorscook/client/documents'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask, refusal, useBrands } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { controlOf, KINDS, paramsOf, type Shape } from './rule-schema.ts'
import { useClient } from './session.tsx'
import { Button, Check, Dialog, Input, Problem, Select, TextArea, useSay, useSentence } from './ui.tsx'

type Params = Record<string, unknown>
type Rule = Tables<'brand_rules'>

const EMPTY: RuleDefinition = { kind: 'banned_phrase', severity: 'error', params: { terms: [] } }

/** Adds a rule, or changes one. The database judges the definition; its refusal marks the field. */
export function RuleForm({ rule, open, onOpenChange }: { rule: Rule | null; open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useLanguage()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={rule ? t.editRule : t.addRule} text={t.ruleText}>
      <Fields key={rule?.id ?? 'new'} rule={rule} onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function Fields({ rule, onDone }: { rule: Rule | null; onDone: () => void }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const sentence = useSentence()
  const { data: brands = [] } = useBrands()
  const [id] = useState(() => rule?.id ?? crypto.randomUUID())
  const [name, setName] = useState(rule?.rule_name ?? '')
  const [brand, setBrand] = useState(rule?.brand_id ?? '')
  const [definition, setDefinition] = useState<RuleDefinition>(rule?.rule_definition ?? EMPTY)

  const save = useMutation({
    mutationFn: () => {
      const row = { rule_name: name, rule_definition: trimmed(definition), brand_id: brand || null }
      return rule
        ? ask(client.from('brand_rules').update(row).eq('id', id).select('id').single())
        : ask(client.from('brand_rules').insert({ ...row, id }).select('id').single())
    },
    onSuccess: () => {
      say(t.ruleSaved)
      void queries.invalidateQueries({ queryKey: ['rules'] })
      onDone()
    },
  })
  const refused = save.error && refusal(save.error)
  const marked = refused?.advice.then === 'mark field' ? refused.advice.field.replace(/^rule_definition\./, '') : null
  const problems = marked && refused ? { [marked]: sentence(refused) } : {}
  const set = (change: Partial<RuleDefinition>) => setDefinition({ ...definition, ...change } as RuleDefinition)
  // Which refusals a field below shows; all others are shown at the end.
  const isShown = marked !== null && (['rule_name', 'message', 'suggestion', 'kind', 'severity', 'examples'].some((each) => marked.startsWith(each)) || marked.startsWith('params'))
  return (
    <form noValidate onSubmit={(event) => { event.preventDefault(); save.mutate() }}>
      <Input label={t.ruleName} value={name} onChange={(event) => setName(event.target.value)} problem={problems.rule_name} />
      <div className="columns">
        <Select label={t.severity} value={definition.severity} onChange={(event) => set({ severity: event.target.value as Severity })} problem={problems.severity}>
          {(['error', 'warning', 'info'] as const).map((each) => <option key={each} value={each}>{t.ruleSeverity[each]}: {t.severityMeans[each]}</option>)}
        </Select>
        {brands.length > 0 && (
          <Select label={t.appliesTo} value={brand} onChange={(event) => setBrand(event.target.value)}>
            <option value="">{t.allBrands}</option>
            {brands.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
          </Select>
        )}
      </div>
      <Kind rule={definition} path="" problems={problems} onChange={(next) => setDefinition({ ...definition, ...next } as RuleDefinition)} />
      <TextArea label={t.ruleMessage} hint={t.ruleMessageHint} rows={2} value={definition.message ?? ''} onChange={(event) => set({ message: event.target.value })} problem={problems.message} />
      <details className="more">
        <summary>{t.moreFields}</summary>
        <Input label={t.suggestion} value={definition.suggestion ?? ''} onChange={(event) => set({ suggestion: event.target.value })} problem={problems.suggestion} />
        <Check label={t.paidOnly} checked={definition.applies_when?.paid_partnership === true} onChange={(event) => {
          const { applies_when: _, ...rest } = definition
          setDefinition((event.target.checked ? { ...rest, applies_when: { paid_partnership: true } } : rest) as RuleDefinition)
        }} />
        <TextArea label={t.passExamples} hint={t.examplesHint} rows={2} value={(definition.examples?.pass ?? []).join('\n')} onChange={(event) => set({ examples: { ...definition.examples, pass: event.target.value.split('\n') } })} problem={problemAt(problems, 'examples.pass')} />
        <TextArea label={t.failExamples} rows={2} value={(definition.examples?.fail ?? []).join('\n')} onChange={(event) => set({ examples: { ...definition.examples, fail: event.target.value.split('\n') } })} problem={problemAt(problems, 'examples.fail')} />
      </details>
      {refused && !isShown && <Problem error={refused} />}
      <div className="row end"><Button kind="primary" type="submit" busy={save.isPending}>{t.save}</Button></div>
    </form>
  )
}

function problemAt(problems: Record<string, string>, path: string): string | undefined {
  const found = Object.keys(problems).find((each) => each === path || each.startsWith(`${path}.`) || each.startsWith(`${path}[`))
  return found && problems[found]
}

/** The kind of a rule, or of a rule inside one, with a field for each of its parameters. */
function Kind({ rule, path, problems, onChange }: { rule: RuleOfKind; path: string; problems: Record<string, string>; onChange: (rule: RuleOfKind) => void }) {
  const { t } = useLanguage()
  const params = (rule.params ?? {}) as Params
  const { fields, required } = paramsOf(rule.kind)
  const isNested = path !== ''
  const kinds = isNested ? KINDS.filter((kind) => !['all_of', 'any_of', 'not'].includes(kind)) : KINDS
  return (
    <fieldset className={isNested ? 'nested' : ''}>
      <legend className="hidden">{t.kinds[rule.kind].name}</legend>
      <Select label={t.kind} hint={t.kinds[rule.kind].text} value={rule.kind} problem={problemAt(problems, `${path}kind`)}
        onChange={(event) => onChange({ ...rule, kind: event.target.value, params: initial(event.target.value as RuleKind) } as RuleOfKind)}>
        {kinds.map((kind) => <option key={kind} value={kind}>{t.kinds[kind].name}</option>)}
      </Select>
      {fields.map(([name, shape]) => (
        <Param key={name} name={name} shape={shape} isRequired={required.includes(name)} value={params[name]} path={`${path}params.${name}`} problems={problems}
          onChange={(value) => {
            const next = { ...params }
            if (value === undefined) delete next[name]
            else next[name] = value
            onChange({ ...rule, params: next } as unknown as RuleOfKind)
          }}
        />
      ))}
      {/* A refusal of all parameters together, such as a missing one of several. */}
      {problems[`${path}params`] && <p className="problem" role="alert">{problems[`${path}params`]}</p>}
    </fieldset>
  )
}

/** What a kind needs before it can be written: its only choices are made. */
function initial(kind: RuleKind): Params {
  const { fields, required } = paramsOf(kind)
  return Object.fromEntries(
    fields.filter(([name]) => required.includes(name)).map(([name, shape]) => {
      const control = controlOf(name, shape)
      return [name, control === 'choice' ? shape.enum![0] : control === 'rules' ? [EMPTY_NESTED] : control === 'lines' ? [] : control === 'map' ? {} : undefined]
    }),
  )
}

const EMPTY_NESTED: RuleOfKind = { kind: 'banned_phrase', params: { terms: [] } }

function Param({ name, shape, isRequired, value, path, problems, onChange }: {
  name: string; shape: Shape; isRequired: boolean; value: unknown; path: string; problems: Record<string, string>; onChange: (value: unknown) => void
}) {
  const { t } = useLanguage()
  const known = t.params[name as keyof typeof t.params] ?? name.replace(/_/g, ' ')
  const label = isRequired ? known : `${known} (${t.optional})`
  const problem = problemAt(problems, path)
  const choice = (each: string) => t.paramChoices[each as keyof typeof t.paramChoices] ?? each.replace(/_/g, ' ')
  switch (controlOf(name, shape)) {
    case 'choice':
      return (
        <Select label={label} value={String(value ?? '')} problem={problem} onChange={(event) => onChange(event.target.value || undefined)}>
          {!isRequired && <option value="">{t.byDefault}</option>}
          {shape.enum!.map((each) => <option key={each} value={each}>{choice(each)}</option>)}
        </Select>
      )
    case 'choices': {
      const chosen = (value as string[] | undefined) ?? shape.items!.enum!
      return (
        <fieldset className="choices">
          <legend>{known}</legend>
          {shape.items!.enum!.map((each) => (
            <Check key={each} label={choice(each)} checked={chosen.includes(each)}
              onChange={(event) => onChange(shape.items!.enum!.filter((other) => (other === each ? event.target.checked : chosen.includes(other))))} />
          ))}
          {problem && <p className="problem" role="alert">{problem}</p>}
        </fieldset>
      )
    }
    case 'yes':
      return <Check label={known} checked={value !== false} onChange={(event) => onChange(event.target.checked)} />
    case 'number':
      return (
        <Input label={label} type="number" inputMode="decimal" min={shape.minimum} max={shape.maximum} step={shape.type === 'integer' ? 1 : 'any'} problem={problem}
          value={value === undefined ? '' : String(value)} onChange={(event) => onChange(event.target.value === '' ? undefined : Number(event.target.value))} />
      )
    case 'lines':
      return (
        <TextArea label={label} hint={t.onePerLine} rows={3} problem={problem} value={((value as string[] | undefined) ?? []).join('\n')}
          onChange={(event) => onChange(event.target.value === '' && !isRequired ? undefined : event.target.value.split('\n'))} />
      )
    case 'map':
      return <MapField label={label} problem={problem} value={(value as Record<string, string> | undefined) ?? {}} onChange={onChange} />
    case 'rules': {
      const rules = (value as RuleOfKind[] | undefined) ?? []
      return (
        <div className="field">
          <p><b>{known}</b></p>
          {rules.map((each, index) => (
            <div key={index}>
              <Kind rule={each} path={`${path}[${index}].`} problems={problems} onChange={(next) => onChange(rules.with(index, next))} />
              {rules.length > 1 && <Button kind="quiet" onClick={() => onChange(rules.filter((_, other) => other !== index))}>{t.remove}</Button>}
            </div>
          ))}
          {problem && <p className="problem" role="alert">{problem}</p>}
          {rules.length < (shape.maxItems ?? 10) && <Button onClick={() => onChange([...rules, EMPTY_NESTED])}>{t.addRule}</Button>}
        </div>
      )
    }
    default:
      return <TextArea label={label} rows={name === 'text' ? 3 : 1} problem={problem} value={String(value ?? '')} onChange={(event) => onChange(event.target.value || undefined)} />
  }
}

/** "cheap = affordable", one a line. The text is kept as it is typed. */
function MapField({ label, problem, value, onChange }: { label: string; problem: string | undefined; value: Record<string, string>; onChange: (value: unknown) => void }) {
  const { t } = useLanguage()
  const [text, setText] = useState(() => Object.entries(value).map(([from, to]) => `${from} = ${to}`).join('\n'))
  return (
    <TextArea label={label} hint={t.mapHint} rows={3} problem={problem} value={text} onChange={(event) => {
      setText(event.target.value)
      const pairs = event.target.value.split('\n').filter((line) => line.includes('='))
      onChange(Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()])))
    }} />
  )
}

/** Without what was left empty. */
function trimmed(definition: RuleDefinition): RuleDefinition {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean).filter((each) => each !== '')
    if (typeof value === 'string') return value.trim()
    if (value && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, clean(each)]).filter(([, each]) => each !== undefined && each !== ''))
    }
    return value
  }
  const { examples, ...rest } = clean(definition) as RuleDefinition
  const kept = Object.entries(examples ?? {}).filter(([, lines]) => lines?.length)
  return (kept.length ? { ...rest, examples: Object.fromEntries(kept) } : rest) as RuleDefinition
}
