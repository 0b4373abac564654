// What two users and a stranger get of each table, with supabase-js as a frontend uses it.
// Prints one JSON object: {actor: {table: {verb: rows changed or seen, or an error's code}}}.
import { createClient } from '@supabase/supabase-js'
import ws from 'ws'

const { API_URL, ANON_KEY, OWNER_SESSION, OTHER_SESSION, PRODUCT_URL } = process.env

// The exchange, exactly as a frontend hands it to supabase-js.
function signedIn(session) {
  let token
  const accessToken = async () => {
    token ??= fetch(`${API_URL}/auth/session`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${session}` },
    }).then((answer) => answer.json())
    return (await token).access_token
  }
  return client({ accessToken })
}

function client(options) {
  return createClient(API_URL, ANON_KEY, { realtime: { transport: ws }, ...options })
}

const result = ({ data, error }) => (error ? error.code : data.length)

async function rowsOf(owner) {
  const product = await insert(owner, 'products', { name: 'Bottle', source_url: PRODUCT_URL })
  await insert(owner, 'scripts', { product_id: product.id, content: 'First words.' })
  await owner.from('scripts').update({ content: 'Better words.' }).eq('product_id', product.id)
  await insert(owner, 'brand_rules', {
    rule_name: 'No miracles',
    rule_definition: {
      schema_version: '1.0', kind: 'banned_phrase', severity: 'error', message: 'No miracles.',
      params: { terms: ['miracle'], match: 'word' },
    },
  })
  await insert(owner, 'brands', { name: 'Acme' })
  await ended(owner, product)
  const { data: pack } = await owner.from('virality_packs').select('id').limit(1).single()
  const { error } = await owner.rpc('share_pack', { pack_id: pack.id })
  if (error) throw new Error(JSON.stringify(error))
  return product
}

async function insert(owner, table, row) {
  const { data, error } = await owner.from(table).insert(row).select().single()
  if (error) throw new Error(`${table}: ${JSON.stringify(error)}`)
  return data
}

async function ended(owner, product) {
  for (let tries = 0; tries < 8_000; tries++) {
    const { data } = await owner.from('jobs').select('status').eq('product_id', product.id)
    if (data.every(({ status }) => status === 'succeeded')) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the analysis does not succeed')
}

// What somebody would change, and what they would copy to write in the owner's name.
const TABLES = {
  products: { change: { name: 'Taken' }, copy: ['user_id', 'name', 'source_url'] },
  analysis_results: {
    change: { engine: 'taken' },
    copy: ['user_id', 'product_id', 'type', 'content', 'engine'],
  },
  virality_packs: {
    change: { name: 'Taken' },
    copy: ['user_id', 'product_id', 'name', 'configuration'],
  },
  jobs: { change: { progress: 1 }, copy: ['user_id', 'product_id', 'kind'] },
  scripts: { change: { content: 'Taken.' }, copy: ['product_id', 'content'] },
  script_versions: {
    change: { content: 'Taken.' },
    copy: ['user_id', 'script_id', 'version', 'content'],
  },
  brand_rules: {
    change: { rule_name: 'Taken' },
    copy: ['user_id', 'rule_name', 'rule_definition'],
  },
  brands: { change: { name: 'Taken' }, copy: ['user_id', 'name'] },
  shares: { change: { expires_at: '2030-01-01' }, copy: ['user_id', 'pack_id', 'expires_at'] },
  subscriptions: { change: { plan: 'agency' }, copy: ['plan'] },
  analysis_numbers: { change: { net: 1 }, copy: ['user_id', 'product_id', 'net'] },
  competitors: { change: { created_at: '2026-11-30' }, copy: ['product_id', 'competitor_id'] },
  notifications: { change: { read_at: '2026-11-30' }, copy: ['user_id', 'kind', 'text'] },
  plans: { change: { name: 'Taken' }, copy: ['id', 'name'] },
}

async function verbs(actor, table, { change, copied }) {
  // PostgREST on hosted Supabase refuses a change without a filter.
  const every = (query) => query.not('id', 'is', null)
  return {
    select: result(await actor.from(table).select('id')),
    insert: result(await actor.from(table).insert(copied).select('id')),
    update: result(await every(actor.from(table).update(change)).select('id')),
    delete: result(await every(actor.from(table).delete()).select('id')),
  }
}

async function attempts(owner) {
  const prepared = {}
  for (const [table, { change, copy }] of Object.entries(TABLES)) {
    const { data } = await owner.from(table).select('*').limit(1)
    const row = data[0] ?? { plan: 'agency' }
    prepared[table] = { change, copied: Object.fromEntries(copy.map((name) => [name, row[name]])) }
  }
  return prepared
}

async function tried(actor, prepared) {
  const outcome = {}
  for (const [table, attempt] of Object.entries(prepared)) {
    outcome[table] = await verbs(actor, table, attempt)
  }
  return outcome
}

async function everything(owner) {
  const rows = {}
  for (const table of Object.keys(TABLES)) {
    rows[table] = (await owner.from(table).select('*').order('id')).data
  }
  return rows
}

const owner = signedIn(OWNER_SESSION)
const other = signedIn(OTHER_SESSION)
await rowsOf(owner)

const before = await everything(owner)
const prepared = await attempts(owner)
const other_got = await tried(other, prepared)
const anonymous_got = await tried(client({}), prepared)
const is_unchanged = JSON.stringify(await everything(owner)) === JSON.stringify(before)
const owned = Object.fromEntries(Object.entries(before).map(([table, rows]) => [table, rows.length]))
console.log(JSON.stringify({ owned, other_got, anonymous_got, is_unchanged }))
