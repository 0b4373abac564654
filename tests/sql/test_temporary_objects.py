"""A login's temporary type must not stand before a built-in one in a function of the owner's."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.database import Database, Session, make_user, user_claims

# What each login may call that runs as the owner and names the types below.
_CALLS = {
    "worker": "select private.progress(1, 1, 'fetching', 1)",
    "webhook": "select private.record_clerk_event("
    "'msg_1', 'user.deleted', 'i', 's', gen_random_uuid())",
    "authenticator": "select private.before_request()",
}
_CONTROL = """
create function private.probe() returns integer language plpgsql security definer
set search_path = '' as $$
declare v text := 'x'; w uuid := gen_random_uuid(); begin return 1; end $$;
grant usage on schema private to authenticator;
create table private.ran_as (role name);
grant insert on private.ran_as to public;
"""


def _attack(db: Database, login: str, call: str) -> set[str]:
    """The roles that the login's own check has run as."""
    with db.connect(login) as connection:
        session = Session(connection)
        session.execute(
            "create function pg_temp.note(v anyelement) returns boolean language plpgsql as"
            " $$ begin insert into private.ran_as values (current_user); return true; end $$"
        )
        for name in ("text", "uuid", "jsonb"):
            session.execute(
                f"create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.note(value))"
            )
        if login == "authenticator":
            user_id = make_user(db)
            session.rows(
                "select set_config('request.jwt.claims', %s, false)",
                json.dumps(user_claims(user_id)),
            )
            session.execute("set role authenticated")
        session.rows(call)
    return {row["role"] for row in db.rows("select role from private.ran_as")}


@pytest.fixture
def permissive(db: Database) -> Database:
    """A database whose operator gave everybody the right to temporary objects back."""
    db.execute(f"grant temporary on database {db.name} to public")
    for statement in _CONTROL.strip().split(";\n"):
        db.execute(statement)
    db.execute("grant execute on function private.probe to public")
    return db


@pytest.mark.parametrize("login", _CALLS)
def test_no_login_makes_temporary_objects(db: Database, login):
    for statement in (
        "create temporary table probes (id integer)",
        "create domain pg_temp.text as pg_catalog.text",
    ):
        with db.connect(login) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("login", _CALLS)
def test_a_temporary_type_is_not_what_our_functions_mean(permissive: Database, login):
    assert "postgres" not in _attack(permissive, login, _CALLS[login])


@pytest.mark.parametrize("login", _CALLS)
def test_with_an_empty_search_path_it_would_be(permissive: Database, login):
    """The attack itself works, so the tests above show something."""
    assert "postgres" in _attack(permissive, login, "select private.probe()")
