"""The same migrations give the same database, whatever version and default grants they meet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pytest_postgresql import factories

from local import postgres
from local.profiles import EMBEDDED, HOSTED
from tests import server
from tests.clones import clone_of
from tests.database import Database, make_product, make_user, opened

# Old projects of hosted Supabase give new objects to the API roles like this.
OLD_PROFILE = server.ROOT / "sql" / "local" / "hosted" / "grants_by_default.sql"
PLATFORMS_OWN = re.compile(
    rb"^(?:(CREATE|ALTER) EVENT TRIGGER|ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin) [^;]*;$",
    re.MULTILINE,
)
# What a dump leaves out, because the platform makes it in each project.
PLATFORMS = ("auth", "extensions", "storage", "realtime", "vault", "graphql_public")
LATER_MIGRATION = """
create table public.probes (id bigint generated always as identity);
create view public.probe_view with (security_invoker = true) as select 1 as one;
create function public.probe() returns integer language sql as 'select 1';
create function private.probe() returns integer language sql as 'select 1';
"""
PERMISSIONS = """
with objects (namespace, name, acl) as (
    select oid, 'schema', coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
    union all
    select relnamespace, relname, coalesce(
        relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)
    )
    from pg_class where relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select relnamespace, relname || '.' || attname, attacl
    from pg_attribute join pg_class as c on c.oid = attrelid
    where attacl is not null and attnum > 0
    union all
    select pronamespace, proname || '(' || pg_get_function_identity_arguments(oid) || ')',
        coalesce(proacl, acldefault('f', proowner))
    from pg_proc
)
select nspname || '.' || name as name, grantee::regrole::text, privilege_type, is_grantable
from objects join pg_namespace as n on n.oid = namespace, aclexplode(acl)
where nspname in ('public', 'private', 'pgmq', 'auth', 'extensions')
"""
# Version 17 added this one, which owners get.
NEW_PRIVILEGE = "MAINTAIN"
STRUCTURE = """
select table_schema || '.' || table_name || '.' || column_name as name,
    concat_ws(' ', data_type, is_nullable, column_default, generation_expression) as text
from information_schema.columns where table_schema in ('public', 'private')
union all
select p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid))
from pg_proc as p where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) from pg_constraint
where connamespace in ('public'::regnamespace, 'private'::regnamespace) and contype <> 'n'
union all
select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
join pg_class as c on c.oid = indexrelid
where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select tablename || ' ' || policyname, concat_ws(' ', cmd, roles, qual, with_check)
from pg_policies
"""
# Bodies that are kept parsed, not as text: each version prints them in its own way.
PARSED = """
select p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as definition
from pg_proc as p where prosqlbody is not null
and pronamespace in ('public'::regnamespace, 'private'::regnamespace)
"""
# As pgmq 1.5.1 makes a queue: its tables are members of the extension.
MEMBER_SHAPE = """
create extension pgmq;
alter function pgmq.create(text) rename to create_plain;
create function pgmq.create(queue_name text) returns void language plpgsql as $$
declare
    v_table text;
begin
    perform pgmq.create_plain(queue_name);
    foreach v_table in array array['q_', 'a_'] loop
        v_table := 'pgmq.' || v_table || queue_name;
        execute 'alter extension pgmq add table ' || v_table;
        execute 'alter table ' || v_table || ' drop column last_read_at';
    end loop;
    execute 'alter extension pgmq add sequence pgmq.q_' || queue_name || '_msg_id_seq';
end;
$$;
"""
PLAIN_AGAIN = """
drop function pgmq.create(text);
alter function pgmq.create_plain(text) rename to "create";
"""
MEMBERS = """
select c.oid::regclass::text from pg_depend as d join pg_class as c on c.oid = d.objid
where d.deptype = 'e' and d.classid = 'pg_class'::regclass and relname ~ '^[qa]_'
"""
DEBIAN_15 = "postgresql/15"
NO_15 = not Path("/usr/lib", DEBIAN_15).exists()


def grant_by_default(host: str, port: int, dbname: str, **_: object) -> None:
    old = Database(host, port, dbname)
    open_by_default(old)
    old.connection.close()


def open_by_default(db: Database) -> None:
    with db.as_superuser() as platform:
        platform.execute(OLD_PROFILE.read_text())


old_profile_template = factories.postgresql_noproc(
    depends_on="postgres_server",
    dbname="tests_old_profile",
    load=[server.prepare, grant_by_default, server.migrate],
)
old_profile_clone = clone_of("old_profile_template")


@pytest.fixture
def old_db(old_profile_clone: psycopg.Connection) -> Iterator[Database]:
    with opened(old_profile_clone) as database:
        yield database


def make_members(host: str, port: int, dbname: str, **_: object) -> None:
    before = Database(host, port, dbname)
    before.execute(MEMBER_SHAPE)
    before.connection.close()


def make_plain_again(host: str, port: int, dbname: str, **_: object) -> None:
    after = Database(host, port, dbname)
    after.execute(PLAIN_AGAIN)
    after.connection.close()


member_template = factories.postgresql_noproc(
    depends_on="postgres_server",
    dbname="tests_members",
    load=[server.prepare, make_members, server.migrate, make_plain_again],
)
member_clone = clone_of("member_template")


SHAPES = {"pgmq 1.13": "postgres_clone", "pgmq 1.5.1": "member_clone"}
if server.PROFILE is HOSTED:
    SHAPES = {"pgmq 1.5.1": "postgres_clone"}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def dumped(request: pytest.FixtureRequest) -> Iterator[Database]:
    with opened(request.getfixturevalue(request.param)) as database:
        yield database


@contextmanager
def restored(db: Database, *options: str) -> Iterator[Database]:
    """Another database from a dump of this one, both made as `postgres`, as on hosted."""
    where = ("-h", db.host, "-p", str(db.port), "-U", "postgres")
    with db.as_superuser() as superuser:
        # The platform's own, which its dumps leave out and `postgres` may not make.
        superuser.execute("drop event trigger pgrst_ddl_watch")
        superuser.execute("drop event trigger pgrst_drop_watch")
    left_out = [f"--exclude-schema={schema}" for schema in PLATFORMS]
    left_out += [
        f"--exclude-extension={name}" for name in ("uuid-ossp", "pg_stat_statements", "pgcrypto")
    ]
    dump = subprocess.run(
        [postgres.BIN_DIR / "pg_dump", *where, "--no-publications", *left_out, *options, db.name],
        check=True,
        capture_output=True,
    ).stdout
    # The platform's own, which only a superuser may make; `supabase db dump` leaves them out, too.
    dump = PLATFORMS_OWN.sub(b"", dump)
    name = f"restored_{db.name}"
    with db.as_superuser() as superuser:
        superuser.connection.execute("commit")
        superuser.execute(f'create database "{name}"')
        superuser.execute("begin")
    copy = Database(db.host, db.port, name)
    try:
        server.prepare(db.host, db.port, name)
        if "pgmq" in options:
            copy.execute("create extension pgmq")  # as the dashboard does
        subprocess.run(
            [postgres.BIN_DIR / "psql", *where, "-v", "ON_ERROR_STOP=1", "-q", "-d", name],
            input=dump,
            check=True,
        )
        yield copy
    finally:
        copy.connection.close()
        with db.as_superuser() as superuser:
            superuser.connection.execute("commit")
            superuser.execute(f'drop database "{name}" with (force)')
            superuser.execute("begin")


@pytest.fixture(scope="module")
def db_15() -> Iterator[Database]:
    """A migrated database on a copy of Debian's PostgreSQL 15: pgmq is added to the copy."""
    folder = server.ROOT / ".local" / f"postgres-15-{os.getpid()}"
    data_dir = server.home() / f"test-{os.getpid()}-portability"
    try:
        for part in ("lib", "share"):
            shutil.copytree(Path("/usr", part, DEBIAN_15), folder / part / DEBIAN_15)
        profile = replace(EMBEDDED, binaries=folder / "lib" / DEBIAN_15 / "bin")
        running = postgres.start(data_dir, server.free_port(), profile=profile, **server.FAST)
        with psycopg.connect(running.superuser_url(), autocommit=True) as superuser:
            superuser.execute(server.PLATFORM.read_text())
        server.migrate(str(running.socket_dir), running.port, "postgres")
        database = Database(str(running.socket_dir), running.port, "postgres")
        yield database
        database.connection.close()
    finally:
        postgres.stop(data_dir, mode="immediate")
        for part in (folder, data_dir):
            shutil.rmtree(part, ignore_errors=True)


def permissions(db: Database) -> set[tuple[str, ...]]:
    with db.as_superuser() as superuser:
        return {tuple(row.values()) for row in superuser.rows(PERMISSIONS)}


def structure(db: Database) -> dict[str, str]:
    return {row["name"]: row["text"] for row in db.rows(STRUCTURE)}


def test_the_old_profile_opens_what_no_migration_protects(old_db: Database):
    open_by_default(old_db)
    old_db.execute(LATER_MIGRATION)
    assert ("public.probes", "anon", "INSERT", False) in permissions(old_db)


def test_both_profiles_end_with_the_same_permissions(db: Database, old_db: Database):
    assert permissions(old_db) ^ permissions(db) == set()


def test_what_a_later_migration_adds_is_granted_to_nobody(db: Database, old_db: Database):
    for database in (db, old_db):
        before = permissions(database)
        database.execute(LATER_MIGRATION)
        added = permissions(database) - before
        assert {grantee for _, grantee, *_ in added} == {"postgres"}


def test_queue_tables_are_ours_on_every_pgmq_and_under_rls(dumped: Database):
    assert dumped.rows(MEMBERS) == []
    assert (
        dumped.rows(
            "select relname from pg_class where relnamespace = 'pgmq'::regnamespace"
            " and relname ~ '^[qa]_' and relkind = 'r' and not relrowsecurity"
        )
        == []
    )


def claimed_products(db: Database) -> list[object]:
    with db.as_worker() as worker:
        rows = worker.rows("select product_id from private.claim('ingestion', 10, 30)")
    return sorted(row["product_id"] for row in rows)


def test_after_a_restore_products_are_added_and_their_jobs_claimed(dumped: Database):
    before = make_product(dumped, make_user(dumped))
    with restored(dumped) as copy:
        after = make_product(copy, make_user(copy))
        assert claimed_products(copy) == sorted([before["id"], after["id"]])


def test_a_dump_without_the_queues_tables_is_restored_too(dumped: Database):
    """`supabase db dump` leaves the schema pgmq out, whoever owns its tables."""
    running, queued = (make_product(dumped, make_user(dumped)) for _ in range(2))
    with dumped.as_worker() as worker:
        worker.rows("select * from private.claim('ingestion', 1, 30)")
    with restored(dumped, "-N", "pgmq") as copy:
        assert copy.value("select private.restore_queues()") == 2
        assert copy.value("select private.restore_queues()") == 0
        added = make_product(copy, make_user(copy))
        products = sorted(product["id"] for product in (running, queued, added))
        assert claimed_products(copy) == products
        assert copy.value("select sum(crashes) from public.jobs") == 0
        assert structure(copy).keys() == structure(dumped).keys()


@pytest.mark.pg15
@pytest.mark.skipif(NO_15, reason="Debian's postgresql-15 is not installed")
@pytest.mark.skipif(server.PROFILE is HOSTED, reason="compares with the embedded platform")
class TestOnPostgres15:
    def test_the_structure_is_the_same(self, db: Database, db_15: Database):
        assert db_15.value("show server_version").startswith("15.")
        here, there = structure(db), structure(db_15)
        parsed = {row["name"]: row["definition"] for row in db_15.rows(PARSED)}
        assert parsed.keys() == {row["name"] for row in db.rows(PARSED)}
        # The newer version reads what the older one prints, and prints it again.
        for definition in parsed.values():
            db.execute(definition)
        again = structure(db)
        assert again == here
        assert there | {name: again[name] for name in parsed} == here

    def test_the_permissions_are_the_same(self, db: Database, db_15: Database):
        difference = permissions(db_15) ^ permissions(db)
        assert {row for row in difference if row[2] != NEW_PRIVILEGE} == set()

    def test_a_product_is_analysed(self, db_15: Database):
        user_id = make_user(db_15)
        product = make_product(db_15, user_id)
        with db_15.as_worker() as worker:
            job = worker.row("select * from private.claim('ingestion', 1, 30)")
            assert job["product_id"] == product["id"]
            token = job["msg_id"], job["read_ct"]
            assert worker.value(
                "select private.save_analysis(%s, %s, %s, '[]', %s)",
                *token,
                job["job_id"],
                '{"name": "Lamp", "configuration": {"schema_version": 1}, "score": 61.5}',
            )
            assert worker.value("select private.complete(%s, %s)", *token) is True
        with db_15.as_user(user_id) as owner:
            assert owner.value("select status from public.jobs") == "succeeded"
            assert owner.value("select name from public.virality_packs") == "Lamp"
