"""The same migrations give the same permissions, whatever a project granted by default before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_postgresql import factories

from tests import server
from tests.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

# Projects of hosted Supabase older than 2026-10-30 give new objects to the API roles like this.
OLD_PROFILE = """
alter default privileges for role postgres in schema public
grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on sequences to postgres, anon, authenticated, service_role;
"""
LATER_MIGRATION = """
create table public.probes (id bigint generated always as identity);
create view public.probe_view with (security_invoker = true) as select 1 as one;
create function public.probe() returns integer language sql as 'select 1';
create function private.probe() returns integer language sql as 'select 1';
"""
PERMISSIONS = """
with objects (name, acl) as (
    select 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
    union all
    select c.oid::regclass::text, coalesce(
        relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)
    )
    from pg_class as c where relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select attrelid::regclass || '.' || attname, attacl from pg_attribute
    where attacl is not null and attnum > 0
    union all
    select p.oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
    from pg_proc as p
)
select name, grantee::regrole::text as grantee, privilege_type, is_grantable
from objects, aclexplode(acl)
where name !~ '^(pg_|information_schema|schema pg_)'
order by 1, 2, 3, 4
"""


def grant_by_default(host: str, port: int, dbname: str, **_: object) -> None:
    old = Database(host, port, dbname)
    old.execute(OLD_PROFILE)
    old.connection.close()


old_profile_template = factories.postgresql_noproc(
    depends_on="postgres_server",
    dbname="tests_old_profile",
    load=[server.PLATFORM, grant_by_default, server.migrate],
)
old_profile_clone = factories.postgresql("old_profile_template")


@pytest.fixture
def old_db(old_profile_clone: psycopg.Connection) -> Iterator[Database]:
    info = old_profile_clone.info
    database = Database(info.host, info.port, info.dbname)
    yield database
    database.connection.close()


def permissions(db: Database) -> set[tuple[str, ...]]:
    with db.as_superuser() as superuser:
        return {tuple(row.values()) for row in superuser.rows(PERMISSIONS)}


def test_the_old_profile_would_open_everything(old_db: Database):
    old_db.execute(OLD_PROFILE)
    old_db.execute(LATER_MIGRATION)
    assert ("public.probes", "anon", "INSERT") in {row[:3] for row in permissions(old_db)}


def test_both_profiles_end_with_the_same_permissions(db: Database, old_db: Database):
    assert permissions(old_db) ^ permissions(db) == set()


def test_what_a_later_migration_adds_is_granted_to_nobody(db: Database, old_db: Database):
    for database in (db, old_db):
        before = permissions(database)
        database.execute(LATER_MIGRATION)
        added = permissions(database) - before
        assert {grantee for _, grantee, *_ in added} == {"postgres"}
