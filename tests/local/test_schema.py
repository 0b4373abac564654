"""The schemas are the source: the migrations leave the same database, or it is told how not."""

from __future__ import annotations

import os
import re
import shutil

import psycopg
import pytest

from local import provisioning, scratch
from local.tools import generated, schema, schema_page
from tests.server import PLATFORM, home, migrate

FUNCTION = "select pg_get_functiondef('private.is_blank'::regproc)"
# What differs, what says so, the line of the schemas, the line of the migrations.
CASES = {
    "a policy": (
        "alter policy products_select_own on public.products using (true)",
        "Name: products products_select_own; Type: POLICY; Schema: public; Owner: postgres",
        (
            "-CREATE POLICY products_select_own ON public.products FOR SELECT TO authenticated"
            " USING ((user_id = ( SELECT auth.uid() AS uid)));"
        ),
        (
            "+CREATE POLICY products_select_own ON public.products FOR SELECT TO authenticated"
            " USING (true);"
        ),
    ),
    "a grant": (
        "grant select on public.products to anon",
        "Name: TABLE products; Type: ACL; Schema: public; Owner: postgres",
        "",
        "+GRANT SELECT ON TABLE public.products TO anon;",
    ),
    "a grant of a column": (
        "revoke update (name) on public.products from authenticated",
        "Name: COLUMN products.name; Type: ACL; Schema: public; Owner: postgres",
        "-GRANT INSERT(name),UPDATE(name) ON TABLE public.products TO authenticated;",
        "+GRANT INSERT(name) ON TABLE public.products TO authenticated;",
    ),
    "a setting of a role": (
        "alter role worker set statement_timeout = '60s'",
        "Settings of roles",
        "-worker statement_timeout=30s",
        "+worker statement_timeout=60s",
    ),
    "a grant on the database": (
        (
            "do $$ begin execute format("
            "'grant temporary on database %I to public', current_database()); end $$"
        ),
        "Grants on the database",
        "",
        "+public TEMPORARY",
    ),
    "statistics": (
        "alter statistics public.jobs_product_id_user_id_stats set statistics 10",
        "Name: jobs_product_id_user_id_stats; Type: STATISTICS; Schema: public; Owner: postgres",
        "",
        "+ALTER STATISTICS public.jobs_product_id_user_id_stats SET STATISTICS 10;",
    ),
    "a comment": (
        "comment on table public.plans is 'Plans.'",
        "Name: TABLE plans; Type: COMMENT; Schema: public; Owner: postgres",
        (
            "-COMMENT ON TABLE public.plans IS 'The plans that can be bought and their limits."
            " Everybody may read them.';"
        ),
        "+COMMENT ON TABLE public.plans IS 'Plans.';",
    ),
    "a row of the seed": (
        "delete from private.spending_limits where plan = 'agency'",
        "Rows of private.spending_limits",
        '-{"plan": "agency", "usd_per_day": 400.0}',
        "",
    ),
}


@pytest.fixture(scope="module")
def server():
    with schema.built(home() / f"test-{os.getpid()}-schemas") as running:
        yield running


@pytest.fixture(scope="module")
def schemas(server):
    return schema.snapshot(server.superuser_url())


@pytest.fixture
def migrated(server):
    """A database of the migrations on the same server, by its name."""
    with psycopg.connect(server.superuser_url(), autocommit=True) as superuser:
        superuser.execute("create database migrated")
        try:
            with psycopg.connect(server.superuser_url("migrated")) as platform:
                platform.execute(PLATFORM.read_bytes())
            # It sets again what an earlier test changed of roles, which belong to the server.
            migrate(str(server.socket_dir), server.port, "migrated")
            yield "migrated"
        finally:
            superuser.execute("drop database migrated with (force)")


def changed(server, migrated, *statements):
    with psycopg.connect(server.superuser_url(migrated)) as superuser:
        for statement in statements:
            superuser.execute(statement)
    return schema.snapshot(server.superuser_url(migrated))


def test_the_migrations_leave_what_the_schemas_say(server, schemas, migrated):
    assert schema.difference(schemas, schema.snapshot(server.superuser_url(migrated))) == ""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_difference_is_told_by_the_name_of_its_object(server, schemas, migrated, case):
    statement, name, here, there = case
    told = schema.difference(schemas, changed(server, migrated, statement)).splitlines()
    assert told[:3] == [name, "--- supabase/schemas", "+++ supabase/migrations"]
    assert [line for line in told[3:] if line[0] == "-"] == [here] * bool(here)
    assert [line for line in told[3:] if line[0] == "+"] == [there] * bool(there)


def test_a_changed_function_is_told_by_its_lines(server, schemas, migrated):
    with psycopg.connect(server.superuser_url(migrated)) as superuser:
        (definition,) = superuser.execute(FUNCTION).fetchone()
    other = definition.replace("begin\n", "begin\n    -- Another text.\n")
    told = schema.difference(schemas, changed(server, migrated, other)).splitlines()
    assert told[0].startswith("Name: is_blank(text); Type: FUNCTION; Schema: private;")
    assert [line for line in told[3:] if line[0] in "-+"] == ["+    -- Another text."]


def test_what_one_side_lacks_is_told(server, schemas, migrated):
    found = changed(
        server,
        migrated,
        "drop index public.jobs_created_at_idx",
        "create table private.notes (id uuid)",
        "select pgmq.create('notes')",
    )
    told = schema.difference(schemas, found)
    assert "Name: jobs_created_at_idx; Type: INDEX;" in told
    assert told.split("Name: notes; Type: TABLE;")[1].splitlines()[1] == (
        "only in supabase/migrations"
    )
    assert "+notes" in told.split("Queues\n")[1].splitlines()


def test_the_seed_may_run_again_and_brings_what_has_changed(server, schemas, migrated):
    seed = [path.read_text() for path in schema.SEED.glob("*.sql")]
    found = changed(
        server,
        migrated,
        "update public.plans set max_products = 1",
        "delete from private.starter_rules where pack = 'ftc'",
        "update private.job_kinds set max_failures = 1",
        *seed,
        *seed,
    )
    assert schema.difference(schemas, found) == ""


def test_a_draft_leads_from_the_migrations_to_the_schemas(server, migrated, tmp_path, monkeypatch):
    copy = shutil.copytree(schema.SCHEMAS, tmp_path / "schemas")
    (copy / "99_later.sql").write_text("create index later_idx on public.products (name);\n")
    initial = tmp_path / "20261122000001_initial.sql"
    initial.write_text("select 1;\n")
    monkeypatch.setattr(schema, "SCHEMAS", copy)
    monkeypatch.setattr(schema, "INITIAL", initial)
    provisioning.set_passwords(server.superuser_url(), {"postgres": "made-up"})
    url = f"postgresql://postgres:made-up@127.0.0.1:{server.port}/{migrated}"
    path = schema.draft("later", home(), scratch.Database(server, url))
    assert re.fullmatch(r"\d{14}_later\.sql", path.name)
    [statement] = [line for line in path.read_text().splitlines() if line.strip()]
    assert statement == "CREATE INDEX later_idx ON public.products USING btree (name);"


def test_nothing_is_drafted_before_the_first_release(server, tmp_path):
    with pytest.raises(RuntimeError, match="make schema"):
        schema.draft("later", tmp_path, scratch.Database(server, ""))


def test_each_object_is_defined_once():
    later = r"^(?:create or replace|drop|alter table \S+\s+(?:add|drop|alter) column).*"
    texts = "\n".join(path.read_text() for path in schema.SCHEMAS.glob("*.sql"))
    assert re.findall(later, texts, re.MULTILINE) == []


def test_the_initial_migration_is_what_the_schemas_say():
    assert schema.INITIAL.read_text() == schema.initial_migration(), "run `make schema`"


def test_a_released_initial_migration_stays_as_it_is(tmp_path, monkeypatch):
    initial = tmp_path / "initial.sql"
    initial.write_text(f"{schema.GENERATED} from something else.\nselect 1;\n")
    monkeypatch.setattr(schema, "INITIAL", initial)
    assert schema.initial_migration().endswith(schema.source())
    initial.write_text("select 1;\n")
    assert schema.initial_migration() == "select 1;\n"


def test_the_page_of_tables_is_what_the_schemas_say(server):
    with psycopg.connect(server.url("postgres")) as connection:
        assert generated.SCHEMA_PAGE.read_text() == schema_page.page(connection), (
            "run `make schema`"
        )
