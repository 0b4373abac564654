import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { ask, refusal, useBrands } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { useClient } from './session.tsx'
import { Button, Dialog, Input, Problem, Select, TextArea, useSay, useSentence } from './ui.tsx'

type Fields = { name: string; source_url: string; brand_id: string; tags: string }

export function AddProduct({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useLanguage()
  const [isMany, setIsMany] = useState(false)
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t.addProduct} text={isMany ? t.addManyText : t.addProductText}>
      {isMany ? <Many onDone={() => onOpenChange(false)} /> : <One onDone={() => onOpenChange(false)} />}
      <Button kind="quiet" onClick={() => setIsMany(!isMany)}>{isMany ? t.addOne : t.addMany}</Button>
    </Dialog>
  )
}

function One({ onDone }: { onDone: () => void }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const sentence = useSentence()
  const { data: brands = [] } = useBrands()
  // One id for each form: a repeated request adds one row.
  const [id] = useState(() => crypto.randomUUID())
  const { register, handleSubmit, setError, clearErrors, formState } = useForm<Fields>({
    defaultValues: { name: '', source_url: '', brand_id: '', tags: '' },
  })

  const add = useMutation({
    mutationFn: ({ name, source_url, brand_id, tags }: Fields) =>
      ask(client.from('products').insert({ id, name, source_url: webAddress(source_url), brand_id: brand_id || null, tags: tagsOf(tags) }).select('id').single()),
    onSuccess: () => {
      say(t.added)
      void queries.invalidateQueries({ queryKey: ['products'] })
      void queries.invalidateQueries({ queryKey: ['account'] })
      onDone()
    },
    onError: (error, { source_url }) => {
      const refused = refusal(error)
      if (refused.advice.then !== 'mark field') return
      if (refused.code === 'already_exists' && refused.advice.field === 'id') return onDone()
      setError(refused.advice.field as keyof Fields, { message: refused.code === 'invalid_url' && !/^https?:/i.test(webAddress(source_url)) ? t.addressWrong : sentence(refused) }, { shouldFocus: true })
    },
  })
  const isMarked = add.error && refusal(add.error).advice.then === 'mark field'
  const problem = (name: keyof Fields) => formState.errors[name]?.message
  return (
    <form noValidate onSubmit={handleSubmit((fields) => { clearErrors(); add.mutate(fields) })}>
      <Input label={t.name} {...register('name')} problem={problem('name')} />
      <Input label={t.address} hint={t.addressHint} type="url" inputMode="url" placeholder="https://" {...register('source_url')} problem={problem('source_url')} />
      {brands.length > 0 && (
        <Select label={t.brand} {...register('brand_id')} problem={problem('brand_id')}>
          <option value="">{t.noBrand}</option>
          {brands.filter((brand) => !brand.archived_at).map((brand) => <option key={brand.id} value={brand.id}>{brand.name}</option>)}
        </Select>
      )}
      <Input label={t.tags} hint={t.tagsHint} {...register('tags')} problem={problem('tags')} />
      {!isMarked && <Problem error={add.error} onRetry={handleSubmit((fields) => add.mutate(fields))} />}
      <div className="row end"><Button kind="primary" type="submit" busy={add.isPending}>{t.addProduct}</Button></div>
    </form>
  )
}

/** People type shop.example/lamp as browsers show it. Whatever else is no address is left for the API to refuse. */
function webAddress(typed: string): string {
  const text = typed.trim()
  return /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+(\/|\?|$)/u.test(text) ? `https://${text}` : text
}

/** One product a line, its name and its address. Each line has its own answer. */
function Many({ onDone }: { onDone: () => void }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const [text, setText] = useState('')
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean)
  const rows = lines.map((line) => {
    const at = line.search(/https?:\/\//)
    const [name, source_url] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at)]
    return { name: name.replace(/[\s,;]+$/, ''), source_url }
  })
  const add = useMutation({
    mutationFn: () => ask(client.rpc('import_products', { rows })),
    onSuccess: (answers) => {
      void queries.invalidateQueries({ queryKey: ['products'] })
      void queries.invalidateQueries({ queryKey: ['account'] })
      const refused = answers.filter(({ id }) => !id)
      setText(refused.map(({ index }) => lines[index]).join('\n'))
      say(t.addedMany(answers.length - refused.length))
      if (!refused.length) onDone()
    },
  })
  const refused = add.data?.filter(({ id }) => !id) ?? []
  return (
    <form onSubmit={(event) => { event.preventDefault(); add.mutate() }}>
      <TextArea label={t.productLines} rows={8} value={text} onChange={(event) => setText(event.target.value)} placeholder={'Bottle, https://shop.example/bottle\nLamp, https://shop.example/lamp'} />
      {refused.length > 0 && (
        <ul className="problem-box" role="alert">
          {refused.map(({ index, message }) => <li key={index}>{t.line(index + 1)} {message}</li>)}
        </ul>
      )}
      <Problem error={add.error} onRetry={() => add.mutate()} />
      <div className="row end"><Button kind="primary" type="submit" busy={add.isPending} disabled={!rows.length}>{t.addCount(rows.length)}</Button></div>
    </form>
  )
}

export function tagsOf(text: string): string[] {
  return text.split(',').map((tag) => tag.trim().replace(/^#/, '')).filter(Boolean)
}
