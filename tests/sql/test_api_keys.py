"""API keys through the real API: who makes them, what their tokens may do, and when that ends."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from tests import rows
from tests.database import Database, Row, make_product, make_user, user_claims
from tests.erasure import bury, finish_erasures, rows_about
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, token
from tests.rows import make_pack, make_webhook
from tests.rules import banned
from tests.sql.test_isolation import TABLES, acting
from tests.sql.test_organisations import ENTER, LAMP, RULE, make_organisation, refusal

MAKE = "select * from public.create_api_key(%s, %s, %s)"
SHA = "sha256(convert_to(%s, 'UTF8'))"
ROLES = {"read": "viewer", "write": "editor"}


@dataclass
class Agent:
    """Requests with a token that an API key was exchanged for."""

    url: str
    user_id: uuid.UUID
    key: Row
    scope: str

    def call(self, method: str, path: str, json: Any = None, **params: str) -> httpx.Response:
        claims = user_claims(self.user_id) | {
            "account_role": ROLES[self.scope], "api_key": str(self.key["id"]), "scope": self.scope,
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {token(claims)}", "Prefer": "return=representation"}
        return httpx.request(
            method, self.url + path, json=json, headers=headers, params=params,
            timeout=PATIENCE_SECONDS,
        )  # fmt: skip


def make_key(db: Database, user_id: uuid.UUID, scope: str = "read", **claims: Any) -> Row:
    with db.as_user(user_id, **claims) as admin:
        return admin.row("select * from public.create_api_key('CI', %s)", [scope])


@pytest.fixture
def agent_of(db: Database, postgrest: RunningPostgrest) -> Callable[..., Agent]:
    def make(user_id: uuid.UUID, scope: str) -> Agent:
        return Agent(postgrest.url, user_id, make_key(db, user_id, scope), scope)

    return make


def test_a_key_is_shown_once_and_only_its_hash_is_kept(db: Database) -> None:
    user = make_user(db)
    key = make_key(db, user, "write")
    assert set(key) == {"id", "secret"}
    assert key["secret"].startswith("cck_")
    assert len(key["secret"]) == 68
    with db.as_user(user) as owner:
        [shown] = owner.rows("select * from public.api_keys")
    assert shown["scopes"] == ["read", "write"]
    assert (shown["name"], shown["last_characters"]) == ("CI", key["secret"][-4:])
    assert (shown["created_by"], shown["last_used_at"]) == (user, None)
    stored = db.value(
        "select concat_ws(' ', to_jsonb(k), to_jsonb(h)) from public.api_keys as k"
        " join private.api_key_hashes as h on h.key_id = k.id"
    )
    assert key["secret"][4:] not in stored
    assert db.value(f"select count(*) from private.api_key_hashes where key_hash = {SHA}",
                    key["secret"]) == 1  # fmt: skip


WRITES = [
    ("POST", "/products", LAMP),
    ("POST", "/brand_rules", RULE),
    ("POST", "/rpc/run_analysis", {"product_id": str(uuid.uuid4())}),
    ("POST", "/rpc/share_pack", {"pack_id": str(uuid.uuid4())}),
    ("POST", "/rpc/adopt_starter_rules", {"pack": "ftc"}),
]
FOR_PEOPLE = [
    ("/rpc/delete_account", {}),
    ("/rpc/export_account", {}),
    ("/rpc/create_api_key", {"name": "Mine", "scopes": ["write"]}),
    ("/rpc/revoke_api_key", {"id": str(uuid.uuid4())}),
]


def test_a_read_key_reads_and_writes_nothing(db: Database, agent_of) -> None:
    user = make_user(db)
    product = make_product(db, user)
    agent = agent_of(user, "read")
    assert [row["id"] for row in agent.call("GET", "/products").json()] == [str(product["id"])]
    assert agent.call("POST", "/rpc/check_compliance", {"content": "Look."}).status_code == 200
    assert {refusal(agent.call(*write)) for write in WRITES} == {(403, "role_not_allowed")}
    for table in TABLES:
        for verb in ("PATCH", "DELETE"):
            answer = agent.call(verb, f"/{table}", {"id": "x"}, id=f"eq.{product['id']}")
            assert refusal(answer) == (403, "role_not_allowed")
    assert db.value("select count(*) from public.products") == 1


@pytest.mark.parametrize("scope", ["read", "write"])
def test_no_key_does_what_is_for_people(db: Database, agent_of, scope: str) -> None:
    user = make_organisation(db)
    rows.make_subscription(db, user)
    rows.make_audit_event(db, user)
    db.execute(ENTER, user, make_user(db), "admin", 1_795_000_000)
    agent = agent_of(user, scope)
    for path, body in FOR_PEOPLE:
        assert refusal(agent.call("POST", path, body)) == (403, "role_not_allowed"), path
    assert refusal(agent.call("GET", "/rpc/members")) == (403, "api_key_not_allowed")
    for table in ("subscriptions", "api_keys", "audit_events"):
        assert agent.call("GET", f"/{table}").json() == [], table


def test_a_write_key_writes_what_an_editor_writes_and_the_trail_names_it(
    db: Database, agent_of
) -> None:
    user = make_user(db)
    agent = agent_of(user, "write")
    [made] = agent.call("POST", "/products", LAMP).json()
    assert (made["user_id"], made["created_by"]) == (str(user), None)
    assert agent.call("POST", "/rpc/run_analysis", {"product_id": made["id"]}).status_code == 200
    assert agent.call("POST", "/brand_rules", RULE).status_code == 201
    with db.as_user(user) as admin:
        seen = admin.rows(
            "select actor, action, target_kind, target_id, api_key_id from public.audit_events"
            " order by created_at, target_kind"
        )
    columns = ("actor", "action", "target_kind", "api_key_id")
    assert [tuple(row[column] for column in columns) for row in seen] == [
        (user, "insert", "api_key", None),
        (None, "insert", "product", agent.key["id"]),
        (None, "insert", "brand_rule", agent.key["id"]),
    ]  # fmt: skip
    assert seen[0]["target_id"] == agent.key["id"]


def test_a_key_sees_no_other_account(db: Database, agent_of) -> None:
    user, other = make_user(db), make_user(db)
    theirs = make_product(db, other)
    agent = agent_of(user, "write")
    assert agent.call("GET", "/products").json() == []
    answer = agent.call("POST", "/rpc/run_analysis", {"product_id": str(theirs["id"])})
    assert refusal(answer) == (404, "not_found")


def test_revocation_acts_on_the_next_request(db: Database, agent_of, postgrest) -> None:
    user = make_user(db)
    agent, kept = agent_of(user, "write"), agent_of(user, "read")
    assert agent.call("GET", "/products").status_code == 200
    postgrest.as_user(user).rpc("revoke_api_key", {"id": str(agent.key["id"])}).execute()
    for request in (("GET", "/products"), ("POST", "/products", LAMP), ("GET", "/plans")):
        assert refusal(agent.call(*request)) == (401, "invalid_token")
    assert agent.call("GET", "/jobs").json()["message"] == (
        "This API key was revoked or has expired."
    )
    assert kept.call("GET", "/products").status_code == 200
    # A second time changes nothing.
    first = db.value("select revoked_at from public.api_keys where id = %s", agent.key["id"])
    postgrest.as_user(user).rpc("revoke_api_key", {"id": str(agent.key["id"])}).execute()
    assert (
        db.value("select revoked_at from public.api_keys where id = %s", agent.key["id"]) == first
    )
    with db.as_user(user) as admin:
        assert admin.rows("select changes from public.audit_events where action = 'update'") == [
            {"changes": ["revoked_at"]}
        ]


@pytest.mark.parametrize("how", ["expired", "of another account", "deleted", "of no key"])
def test_a_token_of_no_live_key_is_refused(db: Database, agent_of, how: str) -> None:
    agent = agent_of(make_user(db), "read")
    if how == "expired":
        db.execute("update public.api_keys set expires_at = now()")
    elif how == "of another account":
        agent.user_id = make_user(db)
    elif how == "deleted":
        db.execute("delete from public.api_keys")
    else:
        agent.key = {"id": "x"}
    assert refusal(agent.call("GET", "/products")) == (401, "invalid_token")


def test_the_end_of_the_account_ends_its_keys(db: Database, agent_of) -> None:
    user = make_user(db)
    agent = agent_of(user, "read")
    bury(db, user)
    assert refusal(agent.call("GET", "/products")) == (403, "account_deleted")
    finish_erasures(db, quantity=1)
    assert refusal(agent.call("GET", "/products")) == (403, "account_deleted")
    assert rows_about(db, user) == {}
    assert db.value("select count(*) from private.api_key_hashes") == 0


def open_key(db: Database, secret: str) -> Row:
    with db.as_webhook() as edge:
        return edge.row(f"select * from private.open_api_key({SHA})", secret)


def test_an_exchange_notes_the_use_once_a_minute(db: Database) -> None:
    user = make_user(db)
    key = make_key(db, user, "write")
    opened = open_key(db, key["secret"])
    assert (opened["key_id"], opened["user_id"]) == (key["id"], user)
    assert (opened["kind"], opened["account_role"]) == ("person", "editor")
    used = db.value("select last_used_at from public.api_keys")
    assert used is not None
    open_key(db, key["secret"])
    assert db.value("select last_used_at from public.api_keys") == used
    db.execute("update public.api_keys set last_used_at = now() - interval '61 seconds'")
    open_key(db, key["secret"])
    assert db.value("select now() - last_used_at < interval '5 seconds' from public.api_keys")
    assert db.value("select count(*) from public.audit_events where action = 'update'") == 0


@pytest.mark.parametrize("how", ["revoked", "expired", "unknown"])
def test_a_key_that_ended_opens_nothing(db: Database, how: str) -> None:
    key = make_key(db, make_user(db))
    if how == "revoked":
        db.execute("update public.api_keys set revoked_at = now()")
    elif how == "expired":
        db.execute("update public.api_keys set expires_at = now()")
    secret = key["secret"] if how != "unknown" else "cck_" + "0" * 64
    assert set(open_key(db, secret).values()) == {None}
    assert db.value("select last_used_at from public.api_keys") is None


WRONG: dict[str, tuple[tuple[Any, ...], str]] = {
    "no name": ((" ", ["read"], None), "invalid_name"),
    "no scope": (("CI", [], None), "invalid_scopes"),
    "scopes null": (("CI", None, None), "invalid_scopes"),
    "another scope": (("CI", ["read", "admin"], None), "invalid_scopes"),
    "a null scope": (("CI", [None], None), "invalid_scopes"),
    "in the past": (("CI", ["read"], "2020-01-01"), "invalid_expiry"),
    "for good": (("CI", ["read"], "infinity"), "invalid_expiry"),
    "too far": (("CI", ["read"], "2100-01-01"), "invalid_expiry"),
}


@pytest.mark.parametrize(("arguments", "code"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_key_is_refused(db: Database, arguments: tuple[Any, ...], code: str) -> None:
    with pytest.raises(psycopg.Error) as refused, db.as_user(make_user(db)) as user:
        user.row(MAKE, *arguments)
    assert json.loads(refused.value.diag.message_primary or "")["code"] == code


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_only_admins_make_revoke_and_see_keys(db: Database, role: str) -> None:
    organisation, person = make_organisation(db), make_user(db)
    key = make_key(db, organisation, **acting(person, "admin"))
    for query, value in (
        ("select public.create_api_key('CI', '{read}', %s)", None),
        ("select public.revoke_api_key(%s)", key["id"]),
    ):
        with (
            pytest.raises(psycopg.Error, match="role_not_allowed"),
            db.as_user(organisation, **acting(person, role)) as member,
        ):
            member.execute(query, value)
    with db.as_user(organisation, **acting(person, role)) as member:
        assert member.rows("select from public.api_keys") == []
    assert db.row("select created_by, revoked_at from public.api_keys") == {
        "created_by": person, "revoked_at": None,
    }  # fmt: skip


IMPERSONATED = (
    "select public.create_api_key('CI', '{read}', null)",
    "insert into public.webhook_endpoints (url) values ('https://hooks.example/in')",
    "select public.rotate_webhook_secret(%(endpoint)s)",
    "select public.test_webhook(%(endpoint)s)",
    "select public.revoke_api_key(%(key)s)",
    "select public.share_pack(%(pack)s)",
    "select public.export_account()",
    "select public.delete_account()",
)


@pytest.mark.parametrize("query", IMPERSONATED)
def test_who_signed_in_as_another_person_makes_nothing_that_lasts(db: Database, query: str) -> None:
    user = make_user(db)
    rows = {
        "key": make_key(db, user)["id"],
        "endpoint": make_webhook(db, user)["id"],
        "pack": make_pack(db, user)["id"],
    }
    claims = {"impersonator": {"sub": "user_support"}, "account_role": "admin"}
    with db.as_user(user, **claims) as support:
        # What is an admin's alone is not there.
        for table in ("api_keys", "webhook_endpoints", "webhook_deliveries", "audit_events"):
            assert support.rows(f"select from public.{table}") == []
        # Everything else is as for an editor.
        assert support.rows("select from public.products") != []
        with pytest.raises(psycopg.Error) as refused:
            support.connection.execute(query, rows)
    assert json.loads(refused.value.diag.message_primary or "")["code"] == (
        "impersonation_not_allowed"
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"account_role": None},
        {"account_role": None, "api_key": "key"},
        {"account_role": None, "act": {"sub": "somebody"}},
        {"account_role": "owner"},
        {"account_role": ["admin"]},
        {"account_role": {}},
        {"account_role": True},
    ],
    ids=str,
)
def test_a_token_without_a_role_that_we_know_writes_nothing(db: Database, claims: Row) -> None:
    """Deny first: whoever makes tokens must say the role."""
    user = make_user(db)
    given = {name: value for name, value in claims.items() if value is not None}
    with db.as_user(user, account_role=None) as plain:
        plain.execute(
            "select set_config('request.jwt.claims', %s, true)",
            json.dumps({"sub": str(user), "role": "authenticated"} | given),
        )
        for role in ("admin", "editor"):
            assert plain.value("select private.has_role(%s)", role) is False
        with pytest.raises(psycopg.Error, match="role_not_allowed"):
            plain.execute("select public.create_api_key('CI', '{read}', null)")


def test_a_key_of_another_account_is_not_there(db: Database) -> None:
    key = make_key(db, make_user(db))
    with pytest.raises(psycopg.Error, match="not_found"), db.as_user(make_user(db)) as other:
        other.execute("select public.revoke_api_key(%s)", key["id"])
    assert db.value("select revoked_at from public.api_keys") is None


def test_an_account_has_twenty_keys_at_most_however_fast(db: Database) -> None:
    user = make_user(db)

    def make(_: int) -> bool:
        try:
            make_key(db, user)
        except psycopg.Error as error:
            assert "too_many_keys" in str(error)  # noqa: PT017
            return False
        return True

    with ThreadPoolExecutor(8) as clients:
        assert sum(clients.map(make, range(24))) == 20
    # What ended takes no place.
    db.execute("update public.api_keys set revoked_at = now() where id in ("
               " select id from public.api_keys limit 1)")  # fmt: skip
    assert make(0)
    assert not make(0)


def test_an_erased_person_is_no_longer_named(db: Database) -> None:
    organisation, person = make_organisation(db), make_user(db)
    make_key(db, organisation, **acting(person, "admin"))
    with db.as_user(person) as owner:
        owner.execute("select public.delete_account()")
    finish_erasures(db)
    assert db.row("select user_id, created_by from public.api_keys") == {
        "user_id": organisation, "created_by": None,
    }  # fmt: skip


def test_rules_hold_for_what_a_key_writes(db: Database, agent_of) -> None:
    """A key's script is checked as a person's is."""
    user = make_user(db)
    agent = agent_of(user, "write")
    [product] = agent.call("POST", "/products", LAMP).json()
    rule = {"rule_name": "No cure", "rule_definition": banned("cure")}
    assert agent.call("POST", "/brand_rules", rule).status_code == 201
    script = {"product_id": product["id"], "content": "A cure.", "status": "final"}
    assert refusal(agent.call("POST", "/scripts", script)) == (422, "script_not_compliant")
