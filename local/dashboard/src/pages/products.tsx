import type { Overview } from '@creatorscook/client'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { AddProduct } from '../add-product.tsx'
import { ask, type Maker, PAGE, useAccount, useBrands, useMakers, useMay } from '../data.ts'
import { DeleteProduct } from '../delete-product.tsx'
import { useLanguage } from '../i18n.tsx'
import { isInFlight, JobLine } from '../jobs.tsx'
import { BandChip, Interval, pair, StandsOutText } from '../numbers.tsx'
import { useClient } from '../session.tsx'
import { Button, Chip, Empty, Loading, PageHead, Problem, Select, useSay } from '../ui.tsx'

export function Component() {
  const { t } = useLanguage()
  const client = useClient()
  const [query, setQuery] = useSearchParams()
  const [isAdding, setIsAdding] = useState(false)
  const mayEdit = useMay('editor')
  const { data: account } = useAccount()
  const { data: brands = [] } = useBrands()
  const makerOf = useMakers()
  const search = useDeferredValue(query.get('q') ?? '')
  const [tag, brand, isArchived] = [query.get('tag') ?? '', query.get('brand') ?? '', query.has('archived')]
  useEffect(() => { document.title = `${t.nav.products} · CreatorsCook` }, [t])

  const list = useInfiniteQuery({
    queryKey: ['products', search, tag, brand, isArchived],
    initialPageParam: null as Overview | null,
    queryFn: ({ pageParam: after, signal }) => {
      let page = client.from('product_overview').select('*')
      page = isArchived ? page.not('archived_at', 'is', null) : page.is('archived_at', null)
      if (search) page = page.ilike('name', `%${search.replace(/[\\%_]/g, '\\$&')}%`)
      if (tag) page = page.contains('tags', [tag])
      if (brand) page = page.eq('brand_id', brand)
      if (after) {
        page = page.lte('created_at', after.created_at)
          .or(`created_at.lt."${after.created_at}",id.lt.${after.id}`)
      }
      const newest = { ascending: false }
      return ask(page.order('created_at', newest).order('id', newest).limit(PAGE).abortSignal(signal))
    },
    getNextPageParam: (last) => (last.length === PAGE ? last.at(-1) : undefined),
    placeholderData: (before) => before,
    // A moving job is followed by reading the list again: an unchanged one is a 304.
    refetchInterval: ({ state }) => (state.data?.pages.flat().some(isInFlight) ? 1000 : 30_000),
  })
  const products = list.data?.pages.flat() ?? []
  const intervals = useIntervals(products.filter(({ pack_score }) => pack_score !== null))
  const isFiltered = Boolean(search || tag || brand || isArchived)

  function filter(name: string, value: string) {
    setQuery((before) => {
      const next = new URLSearchParams(before)
      if (value) next.set(name, value)
      else next.delete(name)
      return next
    }, { replace: true })
  }

  return (
    <>
      <PageHead title={t.nav.products} {...(account && { text: t.inUse(account.usage.products, account.limits.products) })}>
        {mayEdit && <Button kind="primary" onClick={() => setIsAdding(true)}>{t.addProduct}</Button>}
      </PageHead>
      {(products.length > 0 || isFiltered) && <search className="filters">
        <div className="field">
          <label htmlFor="search">{t.search}</label>
          <input id="search" type="search" defaultValue={query.get('q') ?? ''} onChange={(event) => filter('q', event.target.value.trim())} />
        </div>
        {brands.length > 0 && (
          <Select label={t.brand} value={brand} onChange={(event) => filter('brand', event.target.value)}>
            <option value="">{t.all}</option>
            {brands.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </Select>
        )}
        <Select label={t.show} value={isArchived ? 'archived' : ''} onChange={(event) => filter('archived', event.target.value)}>
          <option value="">{t.inUseOnly}</option>
          <option value="archived">{t.archived}</option>
        </Select>
        {tag && <Button kind="quiet" onClick={() => filter('tag', '')} aria-label={t.removeFilter(tag)}>#{tag} ×</Button>}
      </search>}
      {list.error && <Problem error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && !list.error && <Loading lines={5} />}
      {list.isSuccess && products.length === 0 && (
        isFiltered
          ? <Empty title={t.nothingFound}><Button onClick={() => setQuery({}, { replace: true })}>{t.clearFilters}</Button></Empty>
          : <Empty title={t.noProducts} text={mayEdit ? t.noProductsText : t.noProductsViewer}>
              {mayEdit && <Button kind="primary" onClick={() => setIsAdding(true)}>{t.addProduct}</Button>}
            </Empty>
      )}
      <ul className="products" aria-label={t.nav.products}>
        {products.map((product) => (
          <Row key={product.id} product={product} interval={intervals.get(product.id) ?? null} maker={makerOf(product.created_by)} brand={brands.find(({ id }) => id === product.brand_id)?.name} onTag={(name) => filter('tag', name)} />
        ))}
      </ul>
      {list.hasNextPage && <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>{t.more}</Button>}
      <AddProduct open={isAdding} onOpenChange={setIsAdding} />
    </>
  )
}

/** The intervals of the scores in the list. They come after the list, which waits for nothing. */
function useIntervals(products: readonly Overview[]) {
  const client = useClient()
  const { data = [] } = useQuery({
    queryKey: ['products', 'intervals', products.map(({ id, pack_id }) => `${id} ${pack_id}`)],
    queryFn: () =>
      ask(client.from('product_comparison').select('product_id, stands_out_low, stands_out_high')
        .eq('is_competitor', false).in('product_id', products.map(({ id }) => id))),
    enabled: products.length > 0,
    placeholderData: (before) => before,
  })
  return new Map(data.map((row) => [row.product_id, pair(row.stands_out_low, row.stands_out_high)]))
}

function Row({ product, interval, brand, maker, onTag }: {
  product: Overview; interval: [number, number] | null; brand: string | undefined; maker: Maker | undefined; onTag: (tag: string) => void
}) {
  const { t, format } = useLanguage()
  const [isDeleting, setIsDeleting] = useState(false)
  return (
    <li className="product">
      <div className="product-main">
        <div className="row tight">
          <h2><Link to={`/products/${product.id}`}>{product.name}</Link></h2>
          {product.is_sample && <Chip tone="warn" title={t.sampleText}>{t.sample}</Chip>}
          {product.watch !== 'off' && <Chip>{t.watchIs[product.watch]}</Chip>}
        </div>
        <p className="muted small">
          {[brand, hostOf(product.source_url), product.last_analyzed_at && t.analysed(format.ago(product.last_analyzed_at)),
            product.script_count ? t.scriptCount(product.script_count) : '', maker && t.addedBy(maker)].filter(Boolean).join(' · ')}
        </p>
        {product.headline && <p className="headline">{product.headline}</p>}
        {product.tags.length > 0 && (
          <p className="row tight">
            {product.tags.map((tag) => <button key={tag} type="button" className="tag" onClick={() => onTag(tag)}>#{tag}</button>)}
          </p>
        )}
        <JobLine product={product} onDelete={() => setIsDeleting(true)} />
        <DeleteProduct product={product} open={isDeleting} onOpenChange={setIsDeleting} />
        {product.archived_at && <Restore id={product.id} />}
      </div>
      {product.pack_id && (
        <dl className="product-numbers">
          <div>
            <dt>{t.standsOut}</dt>
            <dd><StandsOutText value={product.pack_score} range={interval} /> {product.score_band && product.score_band !== 'insufficient_data' && <BandChip band={product.score_band} />}
              {product.previous_score !== null && product.pack_score !== null && <span className="muted small"> {t.before(format.number(product.previous_score))}</span>}
              {product.pack_score !== null && interval && <Interval value={product.pack_score} range={interval} domain={[0, 100]} label={t.intervalOf(t.standsOut, product.pack_score, interval)} />}
            </dd>
          </div>
          <div>
            <dt>{t.mood}</dt>
            <dd>{product.sentiment_label && t.moods[product.sentiment_label]}</dd>
          </div>
        </dl>
      )}
    </li>
  )
}

function Restore({ id }: { id: string }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const mayEdit = useMay('editor')
  const restore = useMutation({
    mutationFn: () => ask(client.from('products').update({ archived_at: null }).eq('id', id).select('id').single()),
    onSuccess: () => {
      say(t.restored)
      void queries.invalidateQueries({ queryKey: ['products'] })
      void queries.invalidateQueries({ queryKey: ['account'] })
    },
  })
  if (!mayEdit) return null
  return <p><Button busy={restore.isPending} onClick={() => restore.mutate()}>{t.restore}</Button><Problem error={restore.error} /></p>
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}

