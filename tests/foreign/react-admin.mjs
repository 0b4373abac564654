// ra-supabase-core (react-admin) with a client of ours; prints what its methods answered as one JSON
// object.
import { supabaseDataProvider } from 'ra-supabase-core'
import { names, refusal, signIn } from './common.mjs'

const { API_URL, ANON_KEY, PRODUCT_URL } = process.env
const providerOf = (name) =>
  supabaseDataProvider({ instanceUrl: API_URL, apiKey: ANON_KEY, supabaseClient: signIn(name) })
const data = providerOf('react-admin')
const stranger = providerOf('react-admin-stranger')
const report = {}
const all = { pagination: { page: 1, perPage: 10 }, sort: { field: 'name', order: 'ASC' }, filter: {} }

const brand = (await data.create('brands', { data: { name: 'Acme' } })).data
const made = []
for (const name of ['Lamp', 'Hat', 'Mug', 'Vase'])
  made.push((await data.create('products', { data: { name, source_url: PRODUCT_URL, brand_id: name === 'Lamp' ? brand.id : null } })).data)
const [lamp, ...more] = made
report.created = [names(made), lamp.brand_id === brand.id]

const list = async (options) => {
  const found = await data.getList('products', { ...all, ...options })
  return [names(found.data), found.total]
}
report.pages = [
  await list({ pagination: { page: 1, perPage: 3 } }), await list({ pagination: { page: 2, perPage: 3 } }),
  await list({ sort: { field: 'name', order: 'DESC' } }),
]
report.filters = {}
for (const filter of [
  { name: 'Lamp' }, { 'name@neq': 'Lamp' }, { 'name@ilike': 'a' }, { 'name@gte': 'M' },
  { 'name@in': '(Hat,Mug)' }, { 'brand_id@is': 'null' }, { 'brand_id@not.is': 'null' },
  { '@or': { 'name@eq': 'Hat', 'brand_id@not.is': 'null' } },
])
  report.filters[Object.keys(filter)[0]] = (await list({ filter }))[0]
report.one = (await data.getOne('products', { id: lamp.id })).data.name
report.many = names((await data.getMany('products', { ids: more.map(({ id }) => id) })).data).sort()
const references = await data.getManyReference('jobs', {
  ...all, sort: { field: 'created_at', order: 'DESC' }, target: 'product_id', id: lamp.id,
})
report.references = [references.data.map(({ kind }) => kind), references.total]
report.embedded = (await data.getList('products', { ...all, meta: { columns: ['*', 'brands(name)'] }, filter: { 'brands.name@eq': 'Acme', 'brands@not.is': 'null' } })).data.map(({ brands }) => brands)
// A form sends the whole record.
const saved = await data.update('products', {
  id: lamp.id, data: { ...lamp, name: 'Desk lamp' }, previousData: lamp,
})
report.updated = saved.data.name
report.updatedMany = (await data.updateMany('products', { ids: more.map(({ id }) => id), data: { tags: ['sale'] } })).data.length
const rule = { rule_name: 'No miracles', rule_definition: { kind: 'emoji', severity: 'info', params: { max: 3 } } }
report.severity = (await data.create('brand_rules', { data: rule })).data.severity
report.refused = {
  url: await refusal(data.create('products', { data: { name: 'Lamp', source_url: 'lamp' } }), 'message', 'status'),
  column: await refusal(data.update('products', { id: lamp.id, data: { user_id: brand.id }, previousData: {} }), 'status'),
  twice: await refusal(data.create('brand_rules', { data: rule }), 'message', 'status'),
  gone: await refusal(data.getOne('products', { id: brand.id }), 'status'),
  inUse: await refusal(data.delete('brands', { id: brand.id, previousData: brand }), 'message', 'status'),
}
const error = await data.create('products', { data: { name: '', source_url: PRODUCT_URL } }).catch((caught) => caught)
report.body = [error.body.code, JSON.parse(error.body.details)]
report.stranger = [
  (await refusal(stranger.getOne('products', { id: lamp.id }), 'status')).status,
  (await refusal(stranger.update('products', { id: lamp.id, data: { name: 'Mine' }, previousData: {} }), 'status')).status,
  (await stranger.getList('products', all)).total,
]
report.kept = (await data.getOne('products', { id: lamp.id })).data.name
await data.delete('products', { id: lamp.id, previousData: lamp })
await data.deleteMany('products', { ids: more.map(({ id }) => id) })
report.deleted = (await data.getList('products', all)).total
report.schema = await data.getSchema().then(({ paths }) => '/products' in paths, ({ message, status }) => [message, status])
console.log(JSON.stringify(report))
