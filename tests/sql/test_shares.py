"""Shares: a link opens one pack to anybody, until it ends, and tells nothing about its account."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Row, make_product, make_user
from tests.erasure import bury, finish_erasures, rows_about
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest
from tests.rows import make_pack, make_share
from tests.rules import refusal

SHARE = "select * from public.share_pack(%s, %s::timestamptz)"
GONE = {
    "code": "not_found",
    "message": "This link is not, or no longer, valid.",
    "details": None,
    "hint": None,
}
CONFIGURATION = {
    "schema_version": "2.0",
    "headline": "Saves are high.",
    "inputs": {"analysis_result_ids": ["11111111-1111-4111-8111-111111111111"]},
    "record": {"n": 3, "text": "Of 3 intervals, 2 held."},
    "engine": {"usage": {"cost_usd": 1.5}, "input_hash": "abc"},
    "evidence": [{"id": "e1", "paraphrase": "Praise.", "pseudonym": "feedface"}],
}


def opened(postgrest: RunningPostgrest, secret: object, **options: Any) -> httpx.Response:
    """What somebody without an account gets."""
    return httpx.post(
        f"{postgrest.url}/rpc/shared_pack",
        json={"secret": secret},
        timeout=PATIENCE_SECONDS,
        **options,
    )


def shared(db: Database) -> Row:
    return make_share(db, make_user(db))


def test_anybody_sees_the_pack_and_nothing_about_its_account(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    product = make_product(db, user)
    pack = make_pack(
        db, user, product_id=product["id"], job_id=uuid.uuid4(), configuration=Jsonb(CONFIGURATION)
    )
    share = make_share(db, user, pack_id=pack["id"])
    answer = opened(postgrest, share["secret"])
    assert answer.status_code == 200
    body = answer.json()
    assert body | {"created_at": None} == {
        "name": "Walnut desk lamp",
        "score": 61.5,
        "created_at": None,
        "configuration": {
            "schema_version": "2.0",
            "headline": "Saves are high.",
            "evidence": [{"id": "e1", "paraphrase": "Praise."}],
        },
    }
    internal = [user, product["id"], pack["id"], pack["job_id"], share["id"]]
    assert [name for name in map(str, internal) if name in answer.text] == []


def test_a_signed_in_person_of_another_account_may_open_it(
    db: Database, postgrest: RunningPostgrest
) -> None:
    share = shared(db)
    client = postgrest.as_user(make_user(db))
    answer = client.rpc("shared_pack", {"secret": share["secret"]}).execute()
    assert answer.data["name"] == "Walnut desk lamp"


@pytest.mark.parametrize("how", ["wrong key", "unknown", "none", "expired", "revoked", "erased"])
def test_what_is_not_open_is_answered_alike(
    db: Database, postgrest: RunningPostgrest, how: str
) -> None:
    share = shared(db)
    secret: str | None = share["secret"]
    assert secret
    if how == "wrong key":
        secret = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    elif how == "unknown":
        secret = uuid.uuid4().hex + secret[32:]
    elif how == "none":
        secret = None
    elif how == "expired":
        db.execute("update public.shares set expires_at = now() where id = %s", share["id"])
    elif how == "revoked":
        with db.as_user(share["user_id"]) as owner:
            owner.execute("select public.revoke_share(%s)", share["id"])
    else:
        bury(db, share["user_id"])
    answer = opened(postgrest, secret)
    assert (answer.status_code, answer.json()) == (404, GONE)


def test_guesses_have_the_same_bound_as_visits(db: Database, postgrest: RunningPostgrest) -> None:
    share, other = shared(db), shared(db)
    wrong = share["secret"][:32] + "0" * 64

    def within_a_minute(secret: object) -> httpx.Response:
        """However long the requests before took."""
        db.execute("update private.share_keys set window_start = now()")
        return opened(postgrest, secret)

    statuses = [within_a_minute(wrong).status_code for _ in range(30)]
    statuses += [within_a_minute(share["secret"]).status_code for _ in range(30)]
    assert statuses == [404] * 30 + [200] * 30
    for secret in (share["secret"], wrong):
        answer = within_a_minute(secret)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert answer.headers["Retry-After"] == "60"
    assert opened(postgrest, other["secret"]).status_code == 200
    db.execute("update private.share_keys set window_start = now() - interval '1 minute'")
    assert opened(postgrest, share["secret"]).status_code == 200


def test_visits_at_once_are_all_counted(db: Database, postgrest: RunningPostgrest) -> None:
    share = shared(db)
    with ThreadPoolExecutor(3) as visitors:
        answers = list(
            visitors.map(lambda _: opened(postgrest, share["secret"]).status_code, range(12))
        )
    # All requests without a token share three at once.
    assert set(answers) <= {200, 429}
    assert db.value("select requests from private.share_keys") == answers.count(200)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rpc/shared_pack?secret=1"),
        ("POST", "/rpc/share_pack"),
        ("POST", "/rpc/shared_packs"),
        ("POST", "/rpc/shared_pack/"),
        ("POST", "/rpc/revoke_share"),
        ("GET", "/shares"),
    ],
)
def test_exactly_this_path_is_open(
    db: Database, postgrest: RunningPostgrest, method: str, path: str
) -> None:
    shared(db)
    answer = httpx.request(
        method, f"{postgrest.url}{path}", json={"secret": "1"}, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code in (401, 404, 405), answer.text
    assert "configuration" not in answer.text


def test_only_the_hash_of_a_key_is_kept(db: Database) -> None:
    share = shared(db)
    stored = db.value(
        "select concat_ws(' ', to_jsonb(s), to_jsonb(k))"
        " from public.shares as s join private.share_keys as k on k.share_id = s.id"
    )
    assert share["secret"][32:] not in stored
    with db.as_user(share["user_id"]) as owner:
        assert set(owner.row("select * from public.shares")) == {
            "id",
            "user_id",
            "pack_id",
            "expires_at",
            "created_at",
        }


def test_a_pack_of_another_account_is_not_there(db: Database) -> None:
    share = shared(db)
    other = make_user(db)
    for query, value in (
        ("select public.share_pack(%s)", share["pack_id"]),
        ("select public.revoke_share(%s)", share["id"]),
    ):
        assert refusal(db, other, query, value)["code"] == "not_found"
    assert db.value("select count(*) from public.shares") == 1


@pytest.mark.parametrize("expiry", ["2020-01-01", "2100-01-01", "infinity"])
def test_a_link_ends_within_a_year(db: Database, expiry: str) -> None:
    user = make_user(db)
    pack = make_pack(db, user)
    refused = refusal(db, user, SHARE, pack["id"], expiry)
    assert (refused["status"], refused["code"]) == (422, "invalid_expiry")


def test_a_pack_has_ten_links_at_most_however_fast(db: Database) -> None:
    user = make_user(db)
    pack = make_pack(db, user)

    def share(_: int) -> bool:
        with db.as_user(user) as owner:
            try:
                with owner.connection.transaction():
                    owner.row("select public.share_pack(%s)", pack["id"])
            except Exception as error:  # noqa: BLE001
                assert "too_many_shares" in str(error)  # noqa: PT017
                return False
            return True

    with ThreadPoolExecutor(16) as clients:
        assert sum(clients.map(share, range(16))) == 10
    db.execute("update public.shares set expires_at = now() - interval '2 days'")
    assert share(0)
    with db.as_worker() as worker:
        assert worker.value("select private.prune_records()") == 10
    assert db.value("select count(*) from private.share_keys") == 1


def test_a_link_goes_with_its_pack_and_its_account(db: Database) -> None:
    share = shared(db)
    with db.as_user(share["user_id"]) as owner:
        owner.execute("delete from public.virality_packs where id = %s", share["pack_id"])
    assert db.value("select count(*) from private.share_keys") == 0
    share = shared(db)
    bury(db, share["user_id"])
    finish_erasures(db, quantity=1)
    assert rows_about(db, share["user_id"]) == {}
    assert db.value("select count(*) from private.share_keys") == 0
