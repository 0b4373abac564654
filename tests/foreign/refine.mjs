// @refinedev/supabase with a client of ours; prints what its methods answered as one JSON object.
import { dataProvider } from '@refinedev/supabase'
import { names, refusal, signIn } from './common.mjs'

const { PRODUCT_URL } = process.env
const data = dataProvider(signIn('refine'))
const stranger = dataProvider(signIn('refine-stranger'))
const report = {}
const resource = 'products'
const rowOf = (name) => ({ name, source_url: PRODUCT_URL })

const brand = (await data.create({ resource: 'brands', variables: { name: 'Acme' } })).data
const one = (await data.create({ resource, variables: { ...rowOf('Lamp'), brand_id: brand.id } })).data
const more = (await data.createMany({ resource, variables: ['Hat', 'Mug', 'Vase'].map(rowOf) })).data
report.created = [one.name, one.brand_id === brand.id, names(more)]

const list = async (options) => {
  const sorters = [{ field: 'name', order: 'asc' }]
  const found = await data.getList({ resource, sorters, ...options })
  return [names(found.data), found.total]
}
report.pages = [
  await list({ pagination: { currentPage: 1, pageSize: 3 } }),
  await list({ pagination: { currentPage: 2, pageSize: 3 } }),
]
report.filters = {}
for (const [field, operator, value] of [
  ['name', 'eq', 'Lamp'], ['name', 'ne', 'Lamp'], ['name', 'contains', 'A'], ['name', 'containss', 'A'],
  ['name', 'startswith', 'm'], ['name', 'endswith', 'p'], ['name', 'in', ['Hat', 'Mug']],
  ['brand_id', 'null', null], ['brand_id', 'nnull', null], ['name', 'gte', 'M'], ['name', 'lt', 'M'],
])
  report.filters[`${field} ${operator}`] = (await list({ filters: [{ field, operator, value }] }))[0]
report.filters.or = (await list({
  filters: [{ operator: 'or', value: [
    { field: 'name', operator: 'eq', value: 'Hat' }, { field: 'name', operator: 'eq', value: 'Vase' },
  ] }],
}))[0]
report.many = names((await data.getMany({ resource, ids: more.map(({ id }) => id) })).data).sort()
const meta = { select: '*, brands(name), jobs(kind)' }
const whole = (await data.getOne({ resource, id: one.id, meta })).data
report.references = [whole.brands.name, whole.jobs.map(({ kind }) => kind)]
report.byBrand = (await data.getList({
  resource, sorters: [{ field: 'brands.name', order: 'asc' }], filters: [{ field: 'brands.name', operator: 'eq', value: 'Acme' }],
  meta: { select: '*, brands!inner(name)' },
})).total
report.updated = (await data.update({ resource, id: one.id, variables: { name: 'Desk lamp' } })).data.name
report.updatedMany = (await data.updateMany({
  resource, ids: more.map(({ id }) => id), variables: { tags: ['sale'] },
})).data.map(({ tags }) => tags)
report.overview = (await data.getList({ resource: 'product_overview', filters: [{ field: 'tags', operator: 'ina', value: ['sale'] }] })).total
const rule = { rule_name: 'No miracles', rule_definition: { kind: 'emoji', severity: 'info', params: { max: 3 } } }
report.refused = {
  url: await refusal(data.create({ resource, variables: { name: 'Lamp', source_url: 'lamp' } }), 'message', 'code'),
  column: await refusal(data.update({ resource, id: one.id, variables: { user_id: brand.id } }), 'code'),
  twice: await refusal(data.createMany({ resource: 'brand_rules', variables: [rule, rule] }), 'code'),
  quota: await refusal(data.createMany({ resource, variables: ['A', 'B', 'C'].map(rowOf) }), 'message', 'code'),
  inUse: await refusal(data.deleteOne({ resource: 'brands', id: brand.id }), 'code'),
}
const theirs = await stranger.getOne({ resource, id: one.id })
await stranger.update({ resource, id: one.id, variables: { name: 'Mine' } })
await stranger.deleteOne({ resource, id: one.id })
report.stranger = [theirs.data ?? null, (await stranger.getList({ resource })).total]
report.kept = (await data.getOne({ resource, id: one.id })).data.name
await data.deleteOne({ resource, id: one.id })
await data.deleteMany({ resource, ids: more.map(({ id }) => id) })
report.deleted = (await data.getList({ resource })).total
console.log(JSON.stringify(report))
