"""The client package for JavaScript follows its account to another cell. Node runs it."""

from __future__ import annotations

import json
import subprocess

from local.layout import ROOT
from tests.patience import PATIENCE_SECONDS

# An edge that names cell b from the second exchange on. Cell a then refuses its token.
SCRIPT = """
import { connect } from './supabase/client/session.js'

const claims = btoa(JSON.stringify({ sub: 'user_alice', sid: 'sess_1' }))
const seen = []
let exchanges = 0
const json = (body, status = 200) => new Response(JSON.stringify(body), { status })
globalThis.fetch = async (url, { headers } = {}) => {
  const { pathname, origin, search } = new URL(url)
  const sent = new Headers(headers)
  if (pathname === '/auth/session') {
    exchanges += 1
    const moved = MOVES && exchanges > 1
    const cell = CELLS ? { cell: moved ? 'b' : 'a' } : {}
    return json({
      access_token: `token ${exchanges}`,
      expires_in: 300,
      api_url: moved ? 'https://b.test/base' : 'https://other-name.test',
      ...(moved && { anon_key: 'anon b' }),
      ...cell,
    })
  }
  seen.push([origin + pathname + search, sent.get('Authorization'), sent.get('apikey')])
  const isLeft = MOVES && exchanges === 1
  return isLeft ? json({ code: 'account_moved', message: 'Moved.' }, 401) : json([{ id: 1 }])
}
const client = connect({ apiUrl: 'https://a.test', anonKey: 'anon a' }, () => `x.${claims}.x`)
const { data, error } = await client.from('products').select('id')
console.log(JSON.stringify({ seen, exchanges, data, error }))
"""


def run(*, cells: bool, moves: bool) -> dict[str, object]:
    script = SCRIPT.replace("CELLS", json.dumps(cells)).replace("MOVES", json.dumps(moves))
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_client_without_cells_stays_at_its_address():
    """Also where the server calls itself by another name."""
    told = run(cells=False, moves=False)
    assert told["seen"] == [
        ["https://a.test/rest/v1/products?select=id", "Bearer token 1", "anon a"]
    ]
    assert told["data"] == [{"id": 1}]


def test_a_client_follows_its_account():
    told = run(cells=True, moves=True)
    assert told["seen"] == [
        ["https://other-name.test/rest/v1/products?select=id", "Bearer token 1", "anon a"],
        ["https://b.test/base/rest/v1/products?select=id", "Bearer token 2", "anon b"],
    ]
    assert (told["exchanges"], told["data"], told["error"]) == (2, [{"id": 1}], None)
