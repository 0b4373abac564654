"""Two PostgRESTs and two edges beside one database: a client may ask any of them at any time."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from contextlib import contextmanager

import httpx
import jwt
import pytest

from tests.patience import PATIENCE_SECONDS
from tests.postgrest import serve
from tests.webhooks import served
from tests.webhooks.edge import signing_jwk
from webhooks.key_rotation import edit

PRODUCT = {"name": "Lamp", "source_url": "https://shop.example/lamp"}


class Pairs:
    """Two of each, and the edges' key file."""

    def __init__(self, db, keys, published, rests, edges):
        self.db, self.keys, self.published = db, keys, published
        self.rests, self.edges = rests, edges
        self.client = httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False)

    def publish(self):
        """PostgREST's key set is that of the edges; one notification tells both PostgRESTs."""
        kids = {key["kid"] for key in json.loads(self.keys.read_text())["keys"]}
        for edge in self.edges:
            until(lambda edge=edge: {key["kid"] for key in self.jwks(edge)} == kids)
        self.published.write_text(json.dumps({"keys": self.jwks(self.edges[0])}))
        self.db.execute("notify pgrst, 'reload config'")

    def jwks(self, edge):
        return self.client.get(f"{edge}/.well-known/jwks.json").json()["keys"]

    def sign_in(self, edge, user="user_alice"):
        token = served.CLERK.token(int(time.time()), user)
        answer = self.client.post(
            f"{edge}/auth/session", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, rest, path, bearer):
        return self.client.get(f"{rest}{path}", headers=bearer)

    def add(self, rest, bearer):
        return self.client.post(f"{rest}/products", json=PRODUCT, headers=bearer)


@pytest.fixture
def pairs(db, tmp_path):
    keys, published = tmp_path / "edge.json", tmp_path / "public.json"
    keys.write_text(json.dumps({"keys": [signing_jwk("one")]}))
    published.write_text(json.dumps({"keys": []}))
    shared = {"EDGE_SIGNING_KEYS_FILE": str(keys), "SESSIONS_PER_MINUTE": "100000"}
    folders = [tmp_path / name for name in ("rest_1", "rest_2", "edge_1", "edge_2")]
    for folder in folders:
        folder.mkdir()
    rest, edge, url = contextmanager(serve), served.edge, db.url("webhook")
    with (
        rest(db, folders[0], jwt_secret=f"@{published}") as rest_1,
        rest(db, folders[1], jwt_secret=f"@{published}") as rest_2,
        edge(folders[2], url, "--workers", "1", **shared) as edge_1,
        edge(folders[3], url, "--workers", "1", **shared) as edge_2,
    ):
        edges = [f"http://127.0.0.1:{each.port}" for each in (edge_1, edge_2)]
        pairs = Pairs(db, keys, published, [rest_1.url, rest_2.url], edges)
        pairs.publish()
        bearer = pairs.sign_in(edges[0])
        for each in pairs.rests:
            until(lambda each=each: pairs.get(each, "/products", bearer).status_code == 200)
        yield pairs
        pairs.client.close()


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_token_of_any_edge_is_good_at_any_postgrest(pairs):
    bearers = [pairs.sign_in(edge) for edge in pairs.edges]
    added = pairs.add(pairs.rests[0], bearers[1])
    assert added.status_code == 201
    for rest, bearer in itertools.product(pairs.rests, bearers):
        assert [row["name"] for row in pairs.get(rest, "/products", bearer).json()] == ["Lamp"]


def test_a_new_signing_key_reaches_all_and_a_withdrawn_one_ends_at_all(pairs):
    before = pairs.sign_in(pairs.edges[0])
    [old] = json.loads(pairs.keys.read_text())["keys"]
    for rest in pairs.rests:
        assert pairs.get(rest, "/plans", signed_by(old, before)).is_success
    edit(pairs.keys, "add")
    pairs.publish()
    edit(pairs.keys, "promote")
    pairs.publish()
    for edge in pairs.edges:
        until(lambda edge=edge: kid_of(pairs.sign_in(edge)) != kid_of(before))
    after = [pairs.sign_in(edge) for edge in pairs.edges]
    for rest, bearer in itertools.product(pairs.rests, [before, *after]):
        until(lambda rest=rest, bearer=bearer: pairs.get(rest, "/plans", bearer).is_success)
    edit(pairs.keys, "retire")
    pairs.publish()
    # Tokens that were seen before are good until they end: PostgREST keeps what it has verified.
    for rest in pairs.rests:
        until(
            lambda rest=rest: pairs.get(rest, "/plans", signed_by(old, before)).status_code == 401
        )
        assert pairs.get(rest, "/plans", after[0]).is_success


def signed_by(key, bearer):
    """A token like this one, never seen, of that private key."""
    claims = jwt.decode(bearer["Authorization"].split()[1], options={"verify_signature": False})
    private = jwt.PyJWK(key | {"alg": "ES256"}).key
    headers = {"kid": key["kid"]}
    token = jwt.encode(claims | {"jti": str(uuid.uuid4())}, private, "ES256", headers=headers)
    return {"Authorization": f"Bearer {token}"}


def kid_of(bearer):
    return bearer["Authorization"].split()[1].split(".")[0]


def test_writes_are_counted_together(pairs):
    pairs.db.execute("update public.plans set requests_per_minute = 16")  # of work: a quarter
    bearer = pairs.sign_in(pairs.edges[0], "user_bob")
    statuses = [pairs.add(rest, bearer).status_code for _ in range(3) for rest in pairs.rests]
    assert statuses == [201, 201, 201, 201, 429, 429]


def test_an_erased_account_ends_at_all_at_once(pairs):
    bearer = pairs.sign_in(pairs.edges[1])
    first, second = pairs.rests
    assert pairs.get(second, "/products", bearer).status_code == 200
    erased = pairs.client.post(f"{first}/rpc/delete_account", json={}, headers=bearer)
    assert erased.is_success, erased.text
    assert [pairs.get(rest, "/products", bearer).status_code for rest in pairs.rests] == [403, 403]
    token = served.CLERK.token(int(time.time()))
    for edge in pairs.edges:
        answer = pairs.client.post(
            f"{edge}/auth/session", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 403


def test_a_changed_schema_reaches_all(pairs):
    bearer = pairs.sign_in(pairs.edges[0])
    statuses = [pairs.get(rest, "/rpc/probe", bearer).status_code for rest in pairs.rests]
    assert statuses == [404, 404]
    pairs.db.execute("create function public.probe() returns integer stable return 1")
    pairs.db.execute("grant execute on function public.probe to authenticated")
    for rest in pairs.rests:
        until(lambda rest=rest: pairs.get(rest, "/rpc/probe", bearer).is_success)
