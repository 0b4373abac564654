"""Who gets what of a user's row, table by table: the owner, another user, a stranger, the service.

A number is how many rows the verb saw or changed, "-" that the database refused the verb (42501).
`insert` adds a row in the owner's name, or for the owner's product.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import httpx
import psycopg
import pytest

from tests import rows
from tests.database import Database, Row, Session, make_product, make_user
from tests.postgrest import RunningPostgrest
from tests.rules import banned, make_rule, make_script


@dataclass(frozen=True)
class Table:
    """A row of the owner, how somebody would add or change one, and what each actor gets."""

    make: Callable[[Database, uuid.UUID], Row]
    columns: str
    values: str
    change: tuple[str, object]
    cells: str
    owner: str = "user_id"
    is_for_admins: bool = False


def make_version(db: Database, user_id: uuid.UUID) -> Row:
    script = make_script(db, make_product(db, user_id))
    with db.as_user(user_id) as owner:
        owner.execute(
            "update public.scripts set content = 'Look again.' where id = %s", script["id"]
        )
        return owner.row("select * from public.script_versions")


def the_account(db: Database, user_id: uuid.UUID) -> Row:
    return db.row("select *, id as user_id from public.accounts where id = %s", user_id)


TABLES = {
    "accounts": Table(
        make=the_account,
        columns="id",
        values="gen_random_uuid()",
        change=("locale", "de"),
        # A sign-in makes it, its erasure deletes it.
        cells="""
                          select insert update delete
            owner         1      -      1      -
            other         0      -      0      -
            anon          -      -      -      -
            service_role  1      -      -      -
        """,
        owner="id",
    ),
    "api_keys": Table(
        make=rows.make_api_key,
        columns="user_id, name, scopes, last_characters, expires_at",
        values="%(user_id)s, 'CI', '{read}', '0000', now()",
        change=("name", "Mine"),
        # RPC alone makes and revokes them. Of an organisation only admins see them.
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      -      -      -
        """,
        is_for_admins=True,
    ),
    "audit_events": Table(
        make=rows.make_audit_event,
        columns="user_id, action, target_kind",
        values="%(user_id)s, 'export', 'account'",
        change=("target_kind", "mug"),
        # Triggers alone write it. Of an organisation only admins read it.
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      -      -      -
        """,
        is_for_admins=True,
    ),
    "products": Table(
        make=make_product,
        columns="user_id, name, source_url",
        values="%(user_id)s, 'Mug', 'https://shop.example/mug'",
        change=("name", "Mug"),
        # An owner adds products without naming anybody: see test_products.
        cells="""
                          select insert update delete
            owner         1      -      1      1
            other         0      -      0      0
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "jobs": Table(
        make=rows.make_job,
        columns="user_id, product_id, kind",
        values="%(user_id)s, %(product_id)s, 'analyze_product'",
        change=("progress", 1),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "analysis_results": Table(
        make=rows.make_result,
        columns="user_id, product_id, type, content, engine",
        values="%(user_id)s, %(product_id)s, 'themes', '{\"schema_version\": 1}', 'embedded'",
        change=("engine", "other"),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "analysis_numbers": Table(
        make=rows.make_numbers,
        columns="user_id, product_id, stands_out",
        values="%(user_id)s, %(product_id)s, 50",
        change=("stands_out", 99),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "competitors": Table(
        make=rows.make_competitor,
        columns="product_id, competitor_id",
        # The other way round: each product may compete with the other.
        values="%(competitor_id)s, %(product_id)s",
        change=("created_at", "2026-11-30"),
        # The service names no account, so it has no product to compare.
        cells="""
                          select insert    update delete
            owner         1      1         -      1
            other         0      not_found -      0
            anon          -      -         -      -
            service_role  1      not_found 1      1
        """,
    ),
    "notifications": Table(
        make=rows.make_notification,
        columns="user_id, kind, text",
        values="%(user_id)s, 'breakout', 'A breakout.'",
        change=("read_at", "2026-11-30"),
        cells="""
                          select insert update delete
            owner         1      -      1      -
            other         0      -      0      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "virality_packs": Table(
        make=rows.make_pack,
        columns="user_id, product_id, name, configuration",
        values="%(user_id)s, %(product_id)s, 'Mug', '{\"schema_version\": 1}'",
        change=("name", "Mug"),
        cells="""
                          select insert update delete
            owner         1      -      1      1
            other         0      -      0      0
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "brands": Table(
        make=rows.make_brand,
        columns="user_id, name",
        values="%(user_id)s, 'Globex'",
        change=("name", "Globex"),
        cells="""
                          select insert update delete
            owner         1      1      1      1
            other         0      -      0      0
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "brand_rules": Table(
        make=lambda db, user_id: make_rule(db, user_id, "No promises", banned("guaranteed")),
        columns="user_id, rule_name, rule_definition",
        values='%(user_id)s, \'No cure\', \'{"kind": "banned_phrase", "severity": "error",'
        ' "params": {"terms": ["cure"]}}\'',
        change=("enabled", False),
        cells="""
                          select insert update delete
            owner         1      1      1      1
            other         0      -      0      0
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "scripts": Table(
        make=lambda db, user_id: make_script(db, make_product(db, user_id)),
        columns="user_id, product_id, content",
        values="%(user_id)s, %(product_id)s, 'Look at this mug.'",
        change=("content", "Look once more."),
        # Another user's product does not exist for you: 404 not_found.
        cells="""
                          select insert    update delete
            owner         1      1         1      1
            other         0      not_found 0      0
            anon          -      -         -      -
            service_role  1      1         1      1
        """,
    ),
    "script_versions": Table(
        make=make_version,
        columns="user_id, script_id, version, content",
        values="%(user_id)s, %(script_id)s, 7, 'Look at this mug.'",
        change=("content", "Look once more."),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "shares": Table(
        make=rows.make_share,
        columns="user_id, pack_id, expires_at",
        values="%(user_id)s, %(pack_id)s, now()",
        change=("expires_at", "2030-01-01"),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
    "webhook_endpoints": Table(
        make=rows.make_webhook,
        columns="user_id, url",
        values="%(user_id)s, 'https://hooks.example/in'",
        change=("description", "Mine"),
        # An owner adds endpoints without naming anybody. Of an organisation only admins see them.
        cells="""
                          select insert update delete
            owner         1      -      1      1
            other         0      -      0      0
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
        is_for_admins=True,
    ),
    "webhook_deliveries": Table(
        make=rows.make_delivery,
        columns="user_id, endpoint_id, kind, payload",
        values="%(user_id)s, %(endpoint_id)s, 'breakout', '{}'",
        change=("attempts", 7),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
        is_for_admins=True,
    ),
    "subscriptions": Table(
        make=rows.make_subscription,
        columns="user_id, stripe_subscription_id, plan, status",
        values="%(user_id)s, 'sub_2', 'agency', 'active'",
        change=("plan", "agency"),
        cells="""
                          select insert update delete
            owner         1      -      -      -
            other         0      -      -      -
            anon          -      -      -      -
            service_role  1      1      1      1
        """,
    ),
}


# Of what the owner may do, an editor and an admin may do the same, and a viewer only read.
WITHOUT_WRITES = {"insert": "role_not_allowed", "update": "0", "delete": "0"}


def seen_by_a_viewer(owner: dict[str, str]) -> dict[str, str]:
    return {
        verb: WITHOUT_WRITES.get(verb, cell) if cell == "1" else cell
        for verb, cell in owner.items()
    }


def grid(cells: str) -> dict[str, dict[str, str]]:
    header, *lines = [line.split() for line in cells.strip().splitlines()]
    return {actor: dict(zip(header, row, strict=True)) for actor, *row in lines}


def expected(spec: Table) -> dict[str, dict[str, str]]:
    """The grid of a table with the actors that it leaves out."""
    rows = grid(spec.cells)
    viewer, other = seen_by_a_viewer(rows["owner"]), rows["other"]
    editor = rows["owner"]
    if spec.is_for_admins:
        viewer, editor = other, other
    return rows | {
        "admin": rows["owner"],
        "editor": editor,
        "viewer": viewer,
        "without a role": viewer,
        "other's admin": other,
        "the person": other,
    }


def acting(person_id: uuid.UUID, role: str) -> Row:
    """The claims of a token with which a person acts for an organisation."""
    return {"act": {"sub": str(person_id)}, "account_role": role, "session_iat": int(time.time())}


def outcome(act: AbstractContextManager[Session], query: str, row: Row) -> str:
    """What an actor gets from one statement; always rolled back."""
    with act as session:
        try:
            cursor = session.connection.execute(query, row)
            result = str(cursor.rowcount)
        except psycopg.errors.InsufficientPrivilege:
            result = "-"
        except psycopg.Error as error:
            result = error.diag.message_primary.split('"code": "')[1].split('"')[0]
        session.connection.execute("rollback; begin")
        return result


@pytest.mark.parametrize("table", TABLES)
def test_everybody_gets_what_is_theirs(db: Database, table: str):
    """A person may be a member of both organisations, and have an account of their own."""
    spec, owner_id, other_id, person_id = TABLES[table], *(make_user(db) for _ in range(3))
    row = spec.make(db, owner_id) | {"change": spec.change[1]}
    actors = {
        "owner": lambda: db.as_user(owner_id),
        "admin": lambda: db.as_user(owner_id, **acting(person_id, "admin")),
        "editor": lambda: db.as_user(owner_id, **acting(person_id, "editor")),
        "viewer": lambda: db.as_user(owner_id, **acting(person_id, "viewer")),
        "without a role": lambda: db.as_user(
            owner_id, act={"sub": str(person_id)}, account_role=None
        ),
        "other": lambda: db.as_user(other_id),
        "other's admin": lambda: db.as_user(other_id, **acting(person_id, "admin")),
        "the person": lambda: db.as_user(person_id),
        "anon": lambda: db.acting_as("anon"),
        "service_role": lambda: db.acting_as("service_role"),
    }
    verbs = {
        "select": f"select from public.{table} where id = %(id)s",
        "insert": f"insert into public.{table} ({spec.columns}) values ({spec.values})",
        "update": f"update public.{table} set {spec.change[0]} = %(change)s where id = %(id)s",
        "delete": f"delete from public.{table} where id = %(id)s",
    }
    assert {
        actor: {verb: outcome(act(), query, row) for verb, query in verbs.items()}
        for actor, act in actors.items()
    } == expected(spec)


def test_the_api_gives_the_same(db: Database, postgrest: RunningPostgrest):
    for table, spec in TABLES.items():
        row = spec.make(db, make_user(db))
        expected = grid(spec.cells)
        # The owner comes last: a deletion succeeds.
        for actor, user_id in (("other", make_user(db)), ("owner", row["user_id"])):
            client = postgrest.as_user(user_id).session
            got = {verb: over_http(client, verb, table, row) for verb in HTTP_VERBS}
            wanted = {verb: expected[actor][verb] for verb in HTTP_VERBS}
            assert (table, actor, got) == (table, actor, wanted)


HTTP_VERBS = {"select": "GET", "update": "PATCH", "delete": "DELETE"}


def over_http(client: httpx.Client, verb: str, table: str, row: Row) -> str:
    column, value = TABLES[table].change
    response = client.request(
        HTTP_VERBS[verb],
        f"/{table}",
        params={"id": f"eq.{row['id']}"},
        json={column: value} if verb == "update" else None,
        headers={"Prefer": "return=representation"},
    )
    if response.status_code == 403:
        return {"42501": "-"}[response.json()["code"]]
    assert response.status_code == 200, response.text
    return str(len(response.json()))


@pytest.mark.parametrize("table", TABLES)
def test_the_owner_can_give_nothing_away(db: Database, table: str):
    owner_id = make_user(db)
    row = TABLES[table].make(db, owner_id)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.as_user(owner_id) as owner:
        owner.execute(
            f"update public.{table} set {TABLES[table].owner} = %s where id = %s",
            make_user(db),
            row["id"],
        )


def test_plans_are_for_everybody_to_read_and_for_nobody_to_change(db: Database):
    plans = db.rows("select * from public.plans order by rank")
    assert len(plans) == 3
    for act in (db.acting_as("anon"), db.as_user(make_user(db))):
        with act as session:
            assert session.rows("select * from public.plans order by rank") == plans
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("update public.plans set max_products = 1000 where id = 'free'")
            session.connection.execute("rollback; begin")


def test_every_table_of_the_api_is_shown_here(db: Database):
    query = "select relname::text as name from pg_class where relnamespace = 'public'::regnamespace"
    tables = {row["name"] for row in db.rows(f"{query} and relkind in ('r', 'p')")}
    assert tables == {*TABLES, "plans"}
