"""Two organisations, three roles, a person in both and a stranger, with supabase-js.

Every table and view of the API, found in the catalogue; every verb, on a row of each organisation.
What each actor must get is that of `tests/sql/test_isolation.py`. PostgREST rolls every request
back, so that none changes what the next one meets.
"""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.layout import ROOT
from tests.database import Database, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, serve, token
from tests.sql.test_isolation import TABLES, Table, acting, expected
from tests.sql.test_organisations import ENTER, make_organisation

RELATIONS = """
select
    c.relname::text as name,
    c.relkind = 'v' as is_view,
    -- Views are of products: by this column a row belongs to one.
    (select min(a.attname::text) from pg_attribute as a
    where a.attrelid = c.oid and a.attname in ('id', 'product_id')) as key
from pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""
WRITES = ("insert", "update", "delete")


@dataclass(frozen=True)
class Actor:
    """A token, the organisation whose rows it may see (None: no organisation), and its role."""

    token: str
    organisation: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class World:
    """The organisations A and B, a row of each table for both, and who asks for them."""

    db: Database
    accounts: dict[str, uuid.UUID]
    rows: dict[str, dict[str, dict[str, Any]]]
    actors: dict[str, Actor]


@pytest.fixture
def rolling_back(
    db: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPostgrest]:
    yield from serve(db, tmp_path_factory.mktemp("postgrest"), db_tx_end="rollback")


def member(db: Database, organisation: uuid.UUID, person: uuid.UUID, role: str) -> str:
    claims = acting(person, role)
    db.execute(ENTER, organisation, person, role, claims["session_iat"])
    return token(user_claims(organisation) | claims)


@pytest.fixture
def world(db: Database) -> World:
    accounts = {name: make_organisation(db) for name in "AB"}
    db.execute("update public.plans set max_products = 1000, analyses_per_month = 1000")
    both, stranger = make_user(db), make_user(db)
    a, b = accounts["A"], accounts["B"]
    actors = {
        "admin of A": Actor(member(db, a, make_user(db), "admin"), "A", "admin"),
        "editor of A": Actor(member(db, a, make_user(db), "editor"), "A", "editor"),
        "viewer of A": Actor(member(db, a, make_user(db), "viewer"), "A", "viewer"),
        "admin of B": Actor(member(db, b, make_user(db), "admin"), "B", "admin"),
        "of both, for A": Actor(member(db, a, both, "viewer"), "A", "viewer"),
        "of both, for B": Actor(member(db, b, both, "editor"), "B", "editor"),
        "of both, for nobody": Actor(token(user_claims(both))),
        "stranger": Actor(token(user_claims(stranger))),
        "nobody": Actor(token({"role": "anon"}), role="anon"),
    }
    rows = {
        table: {name: spec.make(db, account) for name, account in accounts.items()}
        for table, spec in TABLES.items()
    }
    return World(db, accounts, rows, actors)


def to_insert(db: Database, spec: Table, row: dict[str, Any]) -> dict[str, Any]:
    """What somebody would send to add a row beside this one."""
    query = f"select * from (select {spec.values}) as t ({spec.columns})"
    [made] = db.connection.execute(query, row).fetchall()
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith('{"') else value
        for name, value in made.items()
    }


def asked(world: World, url: str, views: dict[str, str]) -> dict[str, Any]:
    tables = {
        table: {
            "change": {spec.change[0]: spec.change[1]},
            "targets": {
                name: {"id": row["id"], "row": to_insert(world.db, spec, row)}
                for name, row in world.rows[table].items()
            },
        }
        for table, spec in TABLES.items()
    }
    given = {
        "url": url,
        "actors": {name: actor.token for name, actor in world.actors.items()},
        "tables": tables,
        "views": views | {"plans": "id"},
    }
    run = subprocess.run(
        ["node", Path(__file__).with_name("matrix.mjs")],
        check=False,
        input=json.dumps(given, default=str),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
    )
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def due(spec: Table, actor: Actor, target: str) -> dict[str, int | str]:
    """What an actor must get of an organisation's row."""
    if actor.role == "anon":
        return dict.fromkeys(("select", *WRITES), "not_signed_in")
    cells = expected(spec)["other" if actor.organisation != target else str(actor.role)]
    if actor.role == "viewer":
        # The pre-request refuses each write, before any grant or policy.
        cells = cells | dict.fromkeys(WRITES, "role_not_allowed")
    return {verb: {"-": "42501"}.get(cell, cell) for verb, cell in cells.items()} | {
        verb: int(cell) for verb, cell in cells.items() if cell.isdecimal()
    }


def own_ids(world: World, table: str, actor: Actor) -> list[str]:
    """The ids that an actor must see of a table without a filter."""
    spec = TABLES[table]
    if actor.role == "anon":
        return []
    if actor.organisation is None:
        account: object = json.loads(_payload(actor.token))["sub"]
        is_allowed = True
    else:
        account = world.accounts[actor.organisation]
        is_allowed = not spec.is_for_admins or actor.role == "admin"
    query = f"select id::text from public.{table} where {spec.owner} = %s order by id::text"
    return [row["id"] for row in world.db.rows(query, account)] if is_allowed else []


def _payload(text: str) -> bytes:
    from jwt.utils import base64url_decode  # noqa: PLC0415

    return base64url_decode(text.split(".")[1])


def test_acting_for_one_organisation_shows_and_changes_nothing_of_the_other(
    world: World, rolling_back: RunningPostgrest
) -> None:
    relations = world.db.rows(RELATIONS)
    views = {row["name"]: row["key"] for row in relations if row["is_view"]}
    assert {row["name"] for row in relations} - {*views} == {*TABLES, "plans"}  # none is forgotten
    before = {table: world.db.value(f"select count(*) from public.{table}") for table in TABLES}
    report = asked(world, rolling_back.url, views)
    for name, actor in world.actors.items():
        for table, spec in TABLES.items():
            got = report[name][table]
            wanted = {target: due(spec, actor, target) for target in world.accounts}
            assert (name, table, got["targets"]) == (name, table, wanted)
            seen = "not_signed_in" if actor.role == "anon" else own_ids(world, table, actor)
            assert (name, table, got["seen"]) == (name, table, seen)
        products = own_ids(world, "products", actor)
        for view, key in views.items():
            query = f"select {key}::text as id from public.{view} where {key} = any (%s) order by 1"
            seen = [row["id"] for row in world.db.rows(query, [uuid.UUID(p) for p in products])]
            wanted = "not_signed_in" if actor.role == "anon" else seen
            assert (name, view, report[name][view]["seen"]) == (name, view, wanted)
        assert len(report[name]["plans"]["seen"]) == 3
    after = {table: world.db.value(f"select count(*) from public.{table}") for table in TABLES}
    assert after == before
    # The trial means something: every table has rows of both organisations.
    for table in TABLES:
        for target in world.accounts:
            assert report[f"admin of {target}"][table]["targets"][target]["select"] == 1
    for view in views:
        assert len(report["admin of A"][view]["seen"]) > 0, view
