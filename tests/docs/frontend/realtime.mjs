// Supabase's Realtime as far as a browser meets it, in front of a stack that has none. REST requests
// pass through, but for the tables that `rows` has. `push` sends a row to whoever has subscribed to
// its table.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

export async function serveRealtime(apiUrl, rows = {}) {
  const reads = {}
  let isRefusing = false
  const server = createServer(async (request, response) => {
    const { host, connection, ...headers } = request.headers
    const table = new URL(request.url, apiUrl).pathname.split('/').at(-1)
    reads[table] = (reads[table] ?? 0) + 1
    if (rows[table]) {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      return response.end(JSON.stringify(rows[table]))
    }
    const answer = await fetch(apiUrl + request.url, { method: request.method, headers })
    response.writeHead(answer.status, { 'Content-Type': 'application/json' })
    response.end(await answer.text())
  })
  const sockets = new WebSocketServer({ server, path: '/realtime/v1/websocket' })
  const [joined, left] = [[], []]
  sockets.on('connection', (socket) => {
    socket.on('message', (message) => {
      const [joinRef, ref, topic, event, payload] = JSON.parse(message)
      const send = (name, content, to = ref) =>
        socket.send(JSON.stringify([joinRef, to, topic, name, content]))
      let response = {}
      if (event === 'phx_leave') left.push(topic)
      if (event === 'phx_join' && isRefusing) {
        return send('phx_reply', { status: 'error', response: { reason: 'no' } })
      }
      if (event === 'phx_join') {
        const wanted = payload.config.postgres_changes.map((change, index) => ({
          ...change, id: index + 1,
        }))
        response = { postgres_changes: wanted }
        joined.push({ wanted, token: payload.access_token, send })
      }
      send('phx_reply', { status: 'ok', response })
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    joined,
    left,
    reads,
    rows,
    refuse() {
      isRefusing = true
    },
    /** Ends every connection, as a network does. */
    drop() {
      sockets.clients.forEach((socket) => socket.terminate())
    },
    push(table, record, type = 'UPDATE') {
      for (const { wanted, send } of joined) {
        const columns = Object.keys(record).map((name) => ({ name, type: 'text' }))
        const data = { schema: 'public', table, type, columns, record, errors: null }
        const ids = wanted.filter((change) => change.table === table).map(({ id }) => id)
        send('postgres_changes', { ids, data }, null)
      }
    },
    close() {
      sockets.clients.forEach((socket) => socket.terminate())
      server.close()
    },
  }
}
