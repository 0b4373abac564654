import { addBrand, archiveBrand } from '@creatorscook/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'react-router'
import { ask, refusal, useBrands, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useClient } from '../session.tsx'
import { Button, Chip, Confirm, Empty, Input, Loading, PageHead, Problem, useSay, useSentence } from '../ui.tsx'

export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const sentence = useSentence()
  const mayEdit = useMay('editor')
  const brands = useBrands()
  const [name, setName] = useState('')
  const [leaving, setLeaving] = useState<{ id: string; name: string } | null>(null)
  useEffect(() => { document.title = `${t.nav.brands} · CreatorsCook` }, [t])
  const refresh = () => queries.invalidateQueries({ queryKey: ['brands'] })
  const add = useMutation({
    mutationFn: () => ask(addBrand(client, name)),
    onSuccess: () => { setName(''); say(t.brandAdded); void refresh() },
  })
  const archive = useMutation({
    mutationFn: ({ id, isArchived }: { id: string; isArchived: boolean }) => ask(archiveBrand(client, id, isArchived)),
    onSettled: refresh,
  })
  const remove = useMutation({
    mutationFn: (id: string) => ask(client.from('brands').delete().eq('id', id).select('id')),
    onSettled: refresh,
  })
  const refused = add.error && refusal(add.error)
  const marked = refused?.advice.then === 'mark field' ? sentence(refused) : undefined
  return (
    <>
      <PageHead title={t.nav.brands} text={t.brandsText} />
      {mayEdit && (
        <form className="row bottom" noValidate onSubmit={(event) => { event.preventDefault(); add.mutate() }}>
          <Input label={t.brandName} value={name} onChange={(event) => setName(event.target.value)} problem={marked} />
          <Button kind="primary" type="submit" busy={add.isPending}>{t.addBrand}</Button>
        </form>
      )}
      {!marked && <Problem error={add.error} />}
      <Problem error={archive.error ?? remove.error} />
      {brands.error && !brands.data && <Problem error={brands.error} onRetry={() => brands.refetch()} />}
      {brands.isPending && !brands.error && <Loading />}
      {brands.data?.length === 0 && <Empty title={t.noBrands} text={t.noBrandsText} />}
      <ul className="plain list">
        {brands.data?.map((brand) => (
          <li key={brand.id} className={brand.archived_at ? 'off' : ''}>
            <div>
              <div className="row tight"><h2><Link to={`/products?brand=${brand.id}`}>{brand.name}</Link></h2>{brand.archived_at && <Chip tone="warn">{t.archived}</Chip>}</div>
              <p className="muted small">{t.productCount(brand.products[0]?.count ?? 0)} · {t.ruleCount(brand.brand_rules[0]?.count ?? 0)}</p>
            </div>
            {mayEdit && (
              <div className="row">
                <Button kind="quiet" onClick={() => archive.mutate({ id: brand.id, isArchived: !brand.archived_at })} aria-label={`${brand.archived_at ? t.restore : t.archive}: ${brand.name}`}>{brand.archived_at ? t.restore : t.archive}</Button>
                <Button kind="quiet" className="danger" onClick={() => setLeaving(brand)} aria-label={`${t.delete}: ${brand.name}`}>{t.delete}</Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <Confirm
        open={leaving !== null} onOpenChange={(open) => !open && setLeaving(null)} title={t.deleteBrand(leaving?.name ?? '')}
        text={t.deleteBrandText} action={t.delete} onConfirm={() => leaving && remove.mutate(leaving.id)}
      />
    </>
  )
}
