"""The Supabase CLI migrates a hosted project, and its advisors find nothing there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from local import provisioning, scratch
from local.layout import ROOT
from local.profiles import HOSTED
from local.tools import checks
from tests.database import Database
from tests.sql.test_portability import permissions


@pytest.fixture(scope="module")
def pushed() -> Iterator[scratch.Database]:
    """Pushed as `postgres`."""
    with scratch.database(ROOT / ".local", HOSTED) as database:
        yield database


@pytest.fixture(scope="module")
def linked(pushed: scratch.Database) -> Iterator[Database]:
    """Another database, pushed as the login that a linked project uses."""
    server, password = pushed.server, secrets.token_urlsafe(24)
    with psycopg.connect(server.superuser_url(), autocommit=True) as superuser:
        superuser.execute("create database linked")
    provisioning.prepare_platform(server.superuser_url("linked"), HOSTED)
    provisioning.set_passwords(server.superuser_url(), {"cli_login_postgres": password})
    provisioning.migrate(
        f"postgresql://cli_login_postgres:{password}@127.0.0.1:{server.port}/linked"
    )
    database = Database(str(server.socket_dir), server.port, "linked")
    yield database
    database.connection.close()


def test_the_advisors_find_nothing(pushed: scratch.Database):
    assert checks._advisors(pushed) == ""


def test_the_advisors_would_find_something(pushed: scratch.Database):
    assert checks._negative_control(pushed) == ""
    with psycopg.connect(pushed.url) as owner:
        owner.execute(f"drop table public.{checks._CONTROL}")


def test_both_logins_of_the_cli_leave_the_same_permissions(
    db: Database, pushed: scratch.Database, linked: Database
):
    assert permissions(linked) == permissions(db)
    as_owner = Database(str(pushed.server.socket_dir), pushed.server.port, "postgres")
    assert permissions(as_owner) == permissions(db)
    as_owner.connection.close()


def test_postgres_owns_what_a_linked_push_makes(linked: Database):
    owners = linked.rows(
        "select distinct relowner::regrole::text as owner from pg_class"
        " where relnamespace in ('public'::regnamespace, 'private'::regnamespace)"
        " union select distinct proowner::regrole::text from pg_proc"
        " where pronamespace in ('public'::regnamespace, 'private'::regnamespace)"
    )
    assert owners == [{"owner": "postgres"}]
