import { addCompetitor, type Overview } from '@creatorscook/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useOutletContext } from 'react-router'
import { ask, refusal, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { Interval, NetText, pair, StandsOutText } from '../numbers.tsx'
import { useComparison } from '../product-data.ts'
import { useClient } from '../session.tsx'
import { Button, Card, Empty, Loading, Problem, Select, useSentence } from '../ui.tsx'
import { Lines } from './product-history.tsx'

export function Component() {
  const { t, format } = useLanguage()
  const product = useOutletContext<Overview>()
  const client = useClient()
  const queries = useQueryClient()
  const mayEdit = useMay('editor')
  const comparison = useComparison(product.id)
  const remove = useMutation({
    mutationFn: (competitor: string) =>
      ask(client.from('competitors').delete().eq('product_id', product.id).eq('competitor_id', competitor).select('id')),
    onSettled: () => queries.invalidateQueries({ queryKey: ['compare', product.id] }),
  })
  if (comparison.error && !comparison.data) return <Problem error={comparison.error} onRetry={() => comparison.refetch()} />
  if (!comparison.data) return <Loading lines={6} />
  const rows = comparison.data
  return (
    <>
      {rows.length <= 1 && <Empty title={t.noCompetitors} text={t.noCompetitorsText} />}
      {rows.length > 1 && (
        <Card title={t.sideBySide}>
          <div className="scroll" tabIndex={0} role="region" aria-label={t.sideBySide}>
            <table className="comparison">
              <thead><tr><th>{t.product}</th><th>{t.standsOut}</th><th>{t.mood}</th><th>{t.complaints}</th><th className="end">{t.viewsAnHour}</th><th className="end">{t.price}</th>{mayEdit && <th><span className="hidden">{t.actions}</span></th>}</tr></thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.compared_id} className={row.is_competitor ? '' : 'own'}>
                    <th scope="row">{row.is_competitor ? <Link to={`/products/${row.compared_id}`}>{row.name}</Link> : row.name}</th>
                    <td>
                      <StandsOutText value={row.stands_out} range={pair(row.stands_out_low, row.stands_out_high)} />
                      {row.stands_out !== null && <Interval value={row.stands_out} range={pair(row.stands_out_low, row.stands_out_high)} domain={[0, 100]} label={t.intervalOf(t.standsOut, row.stands_out, pair(row.stands_out_low, row.stands_out_high))} />}
                    </td>
                    <td>
                      <NetText value={row.net} range={pair(row.net_low, row.net_high)} />
                      {row.net !== null && <Interval value={row.net} range={pair(row.net_low, row.net_high)} domain={[-1, 1]} zero={0} label={t.intervalOf(t.mood, row.net, pair(row.net_low, row.net_high))} />}
                    </td>
                    <td className="small"><Lines texts={row.complaints ?? []} /></td>
                    <td className="end">{row.views_per_hour === null ? <span className="muted">{t.notMeasured}</span> : format.compact(row.views_per_hour)}</td>
                    <td className="end">{row.price === null ? <span className="muted">{t.none}</span> : format.money(row.price, row.currency)}{row.is_sold_out && <> {t.soldOut}</>}</td>
                    {mayEdit && <td>{row.is_competitor && <Button kind="quiet" onClick={() => remove.mutate(row.compared_id)} aria-label={t.removeCompetitor(row.name ?? '')}>{t.remove}</Button>}</td>}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className="muted small">{t.overlap}</p>
          <Problem error={remove.error} />
        </Card>
      )}
      {mayEdit && <Add product={product} taken={rows.map((row) => row.compared_id)} />}
    </>
  )
}

function Add({ product, taken }: { product: Overview; taken: string[] }) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const sentence = useSentence()
  const [chosen, setChosen] = useState('')
  const others = useQuery({
    queryKey: ['products', 'names'],
    queryFn: () => ask(client.from('products').select('id, name').is('archived_at', null).order('name').limit(500)),
  })
  const add = useMutation({
    mutationFn: () => ask(addCompetitor(client, product.id, chosen)),
    onSuccess: () => {
      setChosen('')
      void queries.invalidateQueries({ queryKey: ['compare', product.id] })
    },
  })
  const choices = others.data?.filter(({ id }) => id !== product.id && !taken.includes(id)) ?? []
  const refused = add.error && refusal(add.error)
  return (
    <Card title={t.addCompetitor}>
      <p className="muted">{t.addCompetitorText}</p>
      <form className="row bottom" onSubmit={(event) => { event.preventDefault(); if (chosen) add.mutate() }}>
        <Select label={t.product} value={chosen} onChange={(event) => setChosen(event.target.value)} problem={refused?.advice.then === 'mark field' ? sentence(refused) : undefined}>
          <option value="">{choices.length ? t.choose : t.noOthers}</option>
          {choices.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </Select>
        <Button kind="primary" type="submit" busy={add.isPending} disabled={!chosen}>{t.add}</Button>
      </form>
      {refused?.advice.then !== 'mark field' && <Problem error={add.error} />}
    </Card>
  )
}
