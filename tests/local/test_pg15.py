"""The same migrations on PostgreSQL 15, applied by the Supabase CLI as the non-superuser."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from core.database import connect
from local import postgres, scratch
from local.layout import ROOT
from local.tools import catalogue
from tests import pg15
from tests.database import user_claims
from tests.server import FAST, MIGRATIONS, free_port

pytestmark = [
    pytest.mark.pg15,
    pytest.mark.skipif(not pg15.is_installed(), reason="Debian's PostgreSQL 15 is not installed"),
]


@pytest.fixture(scope="module")
def migrated() -> Iterator[scratch.Database]:
    # Not below pytest's own folder: that one is closed to the server's system user.
    folder = ROOT / ".local" / f"test-{os.getpid()}-pg15"
    data_dir = folder / "data"
    try:
        profile = pg15.copied(folder / "programs")
        server = postgres.start(data_dir, free_port(), profile=profile, **FAST)
        yield scratch.migrated(server)
    finally:
        postgres.stop(data_dir, mode="immediate")
        shutil.rmtree(folder)


def test_who_may_do_what_is_the_same_as_on_the_newest_version(migrated, db):
    found = []
    for url in (migrated.url, db.url("postgres")):
        with connect(url, application_name="tests") as owner:
            # A test's database lifts the time limits of logins.
            found.append({e for e in catalogue.lines(owner) if not e.startswith("setting of ")})
    assert found[0] ^ found[1] == set()
    assert len(found[0]) > 800


def test_every_migration_is_applied_by_a_non_superuser(migrated: scratch.Database):
    with psycopg.connect(migrated.url) as connection:
        version, is_superuser = connection.execute(
            "select current_setting('server_version_num')::int / 10000,"
            " current_setting('is_superuser')"
        ).fetchone()
        applied = connection.execute(
            "select version from supabase_migrations.schema_migrations order by version"
        ).fetchall()
    files = sorted(path.name.split("_")[0] for path in MIGRATIONS.glob("*.sql"))
    assert (version, is_superuser) == (15, "off")
    assert [version for (version,) in applied] == files


def test_a_product_is_queued_and_claimed(migrated: scratch.Database):
    with psycopg.connect(migrated.server.url("webhook")) as edge:
        resolve = "select user_id from private.resolve_identity('i', 'alice', gen_random_uuid())"
        [user_id] = edge.execute(resolve).fetchone()
    with psycopg.connect(migrated.server.url("authenticator")) as owner:
        owner.execute("set local role authenticated")
        claims = json.dumps(user_claims(user_id))
        owner.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        owner.execute(
            "insert into public.products (name, source_url) values ('Mug', 'https://shop.example')"
        )
    with psycopg.connect(migrated.server.url("worker"), row_factory=dict_row) as worker:
        [job] = worker.execute("select * from private.claim('ingestion', 5, 30)").fetchall()
    assert (job["kind"], job["user_id"], job["attempt"]) == ("analyze_product", user_id, 1)
