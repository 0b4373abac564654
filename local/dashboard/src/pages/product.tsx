import { analyzeAgain, watchProduct, type Overview } from '@creatorscook/client'
import type { Watch } from '@creatorscook/client/documents'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { DropdownMenu } from 'radix-ui'
import { useEffect, useRef, useState } from 'react'
import { useForm } from 'react-hook-form'
import { NavLink, Outlet, useLocation, useNavigate, useParams } from 'react-router'
import { tagsOf } from '../add-product.tsx'
import { ask, refusal, useBrands, useMay } from '../data.ts'
import { DeleteProduct } from '../delete-product.tsx'
import { useLanguage } from '../i18n.tsx'
import { isInFlight, JobLine } from '../jobs.tsx'
import { useOverview } from '../product-data.ts'
import { useClient } from '../session.tsx'
import { Button, Chip, Dialog, Input, Loading, Problem, Select, useSay, useSentence } from '../ui.tsx'
import { hostOf } from './products.tsx'

export function Component() {
  const { t } = useLanguage()
  const { id = '' } = useParams()
  const overview = useOverview(id)
  const product = overview.data
  useEffect(() => { document.title = `${product?.name ?? '…'} · CreatorsCook` }, [product?.name])
  const tabs = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const isThere = product !== undefined
  // A phone has no room for all tabs: the current one is in sight.
  useEffect(() => {
    const [bar, tab] = [tabs.current, tabs.current?.querySelector<HTMLElement>('.active')]
    if (bar && tab) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.clientWidth) / 2
  }, [pathname, isThere])

  if (overview.error && !product) return <Problem error={overview.error} onRetry={() => overview.refetch()} />
  if (!product) return <Loading lines={6} />
  return (
    <>
      <Head product={product} />
      <nav className="tabs" aria-label={product.name} ref={tabs}>
        <NavLink to="." end>{t.tabs.pack}</NavLink>
        <NavLink to="people">{t.tabs.people}</NavLink>
        <NavLink to="video">{t.tabs.video}</NavLink>
        <NavLink to="history">{t.tabs.history}</NavLink>
        <NavLink to="compare">{t.tabs.compare}</NavLink>
        <NavLink to="scripts">{t.tabs.scripts}{product.script_count ? ` (${product.script_count})` : ''}</NavLink>
      </nav>
      <Outlet context={product} />
    </>
  )
}

function Head({ product }: { product: Overview }) {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const say = useSay()
  const mayEdit = useMay('editor')
  const { data: brands = [] } = useBrands()
  const [asks, setAsks] = useState<'edit' | 'delete' | null>(null)
  const refresh = () => {
    void queries.invalidateQueries({ queryKey: ['products'] })
    void queries.invalidateQueries({ queryKey: ['account'] })
  }
  const analyse = useMutation({ mutationFn: () => ask(analyzeAgain(client, product.id)), onSettled: refresh })
  const watch = useMutation({
    mutationFn: (chosen: Watch) => ask(watchProduct(client, product.id, chosen)),
    onSuccess: ({ watch: now }) => say(t.watchSaid[now]),
    onSettled: refresh,
  })
  const archive = useMutation({
    mutationFn: (at: string | null) => ask(client.from('products').update({ archived_at: at }).eq('id', product.id).select('id').single()),
    onSuccess: (_, at) => say(at ? t.archivedSaid : t.restored),
    onSettled: refresh,
  })
  const brand = brands.find(({ id }) => id === product.brand_id)
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{product.name}</h1>
          <p className="muted small">
            {brand && <>{brand.name} · </>}
            <a href={product.source_url} target="_blank" rel="noreferrer">{hostOf(product.source_url)}</a>
            {product.last_analyzed_at && <> · {t.analysed(format.ago(product.last_analyzed_at))}</>}
          </p>
          {(product.tags.length > 0 || product.archived_at || product.watch !== 'off') && (
            <p className="row tight">
              {product.archived_at && <Chip tone="warn">{t.archived}</Chip>}
              {product.watch !== 'off' && <Chip>{t.watchIs[product.watch]}</Chip>}
              {product.tags.map((tag) => <span key={tag} className="tag">#{tag}</span>)}
            </p>
          )}
        </div>
        {mayEdit && (
          <div className="row actions">
            {product.archived_at
              ? <Button busy={archive.isPending} onClick={() => archive.mutate(null)}>{t.restore}</Button>
              : <Button busy={analyse.isPending} disabled={isInFlight(product)} onClick={() => analyse.mutate()}>{t.analyseAgain}</Button>}
            <DropdownMenu.Root modal={false}>
              <DropdownMenu.Trigger asChild><Button>{t.moreActions}</Button></DropdownMenu.Trigger>
              <DropdownMenu.Portal>
                <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
                  <DropdownMenu.Item onSelect={() => setAsks('edit')}>{t.edit}</DropdownMenu.Item>
                  <DropdownMenu.Label className="menu-label">{t.watch}</DropdownMenu.Label>
                  <DropdownMenu.RadioGroup value={product.watch} onValueChange={(chosen) => watch.mutate(chosen as Watch)}>
                    {(['off', 'weekly', 'daily'] as const).map((each) => (
                      <DropdownMenu.RadioItem key={each} value={each}>
                        <DropdownMenu.ItemIndicator className="tick">✓</DropdownMenu.ItemIndicator>{t.watchIs[each]}
                      </DropdownMenu.RadioItem>
                    ))}
                  </DropdownMenu.RadioGroup>
                  <DropdownMenu.Separator className="menu-line" />
                  {!product.archived_at && (
                    <DropdownMenu.Item onSelect={() => archive.mutate(new Date().toISOString())}>{t.archive}</DropdownMenu.Item>
                  )}
                  <DropdownMenu.Item className="danger" onSelect={() => setAsks('delete')}>{t.delete}</DropdownMenu.Item>
                </DropdownMenu.Content>
              </DropdownMenu.Portal>
            </DropdownMenu.Root>
          </div>
        )}
      </header>
      {product.is_sample && <div className="notice warn">{t.sampleText}</div>}
      <JobLine product={product} onDelete={() => setAsks('delete')} />
      <Problem error={analyse.error ?? watch.error ?? archive.error} />
      <Edit product={product} open={asks === 'edit'} onOpenChange={(open) => setAsks(open ? 'edit' : null)} />
      <DeleteProduct product={product} open={asks === 'delete'} onOpenChange={(open) => setAsks(open ? 'delete' : null)} onDeleted={() => navigate('/products')} />
    </>
  )
}

type Fields = { name: string; brand_id: string; tags: string }

function Edit({ product, open, onOpenChange }: { product: Overview; open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const sentence = useSentence()
  const { data: brands = [] } = useBrands()
  const { register, handleSubmit, setError, formState } = useForm<Fields>({
    values: { name: product.name, brand_id: product.brand_id ?? '', tags: product.tags.join(', ') },
  })
  const save = useMutation({
    mutationFn: ({ name, brand_id, tags }: Fields) =>
      ask(client.from('products').update({ name, brand_id: brand_id || null, tags: tagsOf(tags) }).eq('id', product.id).select('id').single()),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['products'] })
      onOpenChange(false)
    },
    onError: (error) => {
      const refused = refusal(error)
      if (refused.advice.then === 'mark field') setError(refused.advice.field as keyof Fields, { message: sentence(refused) })
    },
  })
  const isMarked = save.error && refusal(save.error).advice.then === 'mark field'
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t.edit}>
      <form noValidate onSubmit={handleSubmit((fields) => save.mutate(fields))}>
        <Input label={t.name} {...register('name')} problem={formState.errors.name?.message} />
        {brands.length > 0 && (
          <Select label={t.brand} {...register('brand_id')} problem={formState.errors.brand_id?.message}>
            <option value="">{t.noBrand}</option>
            {brands.filter((brand) => !brand.archived_at || brand.id === product.brand_id)
              .map((brand) => <option key={brand.id} value={brand.id}>{brand.name}</option>)}
          </Select>
        )}
        <Input label={t.tags} hint={t.tagsHint} {...register('tags')} problem={formState.errors.tags?.message} />
        {!isMarked && <Problem error={save.error} />}
        <div className="row end"><Button kind="primary" type="submit" busy={save.isPending}>{t.save}</Button></div>
      </form>
    </Dialog>
  )
}
