// What each actor gets of each row of each table, with supabase-js as a frontend uses it.
// Reads {url, actors: {name: token}, tables: {table: {targets: {name: {id, row}}, change}},
// views: {name: key}} from its input. Prints {actor: {table: {seen: ids, targets: {name: {verb: rows or code}}}}}.
import { createClient } from '@supabase/supabase-js'
import ws from 'ws'

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const { url, actors, tables, views } = JSON.parse(Buffer.concat(chunks))

// Here PostgREST answers at the root, without the gateway's path.
const direct = (address, options) => fetch(String(address).replace('/rest/v1/', '/'), options)
const clientOf = (token) =>
  createClient(url, 'no-key', {
    global: { fetch: direct },
    realtime: { transport: ws },
    accessToken: async () => token,
  })

const result = ({ data, error }) => (error ? error.code : data.length)
const ids = ({ data, error }) => (error ? error.code : data.map(({ id }) => id).sort())

async function verbs(actor, table, change, { id, row }) {
  return {
    select: result(await actor.from(table).select('id').eq('id', id)),
    insert: result(await actor.from(table).insert(row).select('id')),
    update: result(await actor.from(table).update(change).eq('id', id).select('id')),
    delete: result(await actor.from(table).delete().eq('id', id).select('id')),
  }
}

const report = {}
for (const [name, token] of Object.entries(actors)) {
  const actor = clientOf(token)
  report[name] = {}
  for (const [table, { targets, change }] of Object.entries(tables)) {
    const got = { seen: ids(await actor.from(table).select('id')), targets: {} }
    for (const [target, each] of Object.entries(targets)) {
      got.targets[target] = await verbs(actor, table, change, each)
    }
    report[name][table] = got
  }
  for (const [view, key] of Object.entries(views)) {
    report[name][view] = { seen: ids(await actor.from(view).select(`id:${key}`)) }
  }
}
console.log(JSON.stringify(report))
