"""The job protocol's tests run on each platform that it promises to work on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from pytest_postgresql import factories

from tests import pg15, server
from tests.clones import clone_of
from tests.database import Database, opened

# Of the columns that pgmq has now, 1.5.1 (hosted Supabase) has all but one.
_OLD_SHAPE = """
alter table pgmq.q_jobs drop column if exists last_read_at;
alter table pgmq.a_jobs drop column if exists last_read_at
"""


def reshape(host: str, port: int, dbname: str, **_: object) -> None:
    """Gives the queue the shape that pgmq 1.5.1 makes it in."""
    database = Database(host, port, dbname)
    database.execute(_OLD_SHAPE)
    columns = database.rows(
        "select string_agg(attname, ' ' order by attname) as names from pg_attribute"
        " where attrelid = 'pgmq.q_jobs'::regclass and attnum > 0 and not attisdropped"
    )
    assert columns == [{"names": "enqueued_at headers message msg_id read_ct vt"}]
    database.connection.close()


@pytest.fixture(scope="session")
def postgres_15_server() -> Iterator[server.TestServer]:
    folder = server.ROOT / ".local" / f"test-{os.getpid()}-binaries"
    try:
        yield from server.run(server.home(), "-15", pg15.copied(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


postgres_15_template = factories.postgresql_noproc(
    depends_on="postgres_15_server", dbname="tests", load=[server.PLATFORM, server.migrate]
)
postgres_15_clone = clone_of("postgres_15_template")
old_shape_template = factories.postgresql_noproc(
    depends_on="postgres_server",
    dbname="tests_old_shape",
    load=[server.prepare, server.migrate, reshape],
)
old_shape_clone = clone_of("old_shape_template")


@pytest.fixture(
    params=[
        "postgres_clone",
        pytest.param(
            "postgres_15_clone",
            marks=[
                pytest.mark.pg15,
                pytest.mark.skipif(
                    not pg15.is_installed(), reason="Debian's PostgreSQL 15 is not installed"
                ),
            ],
        ),
        "old_shape_clone",
    ],
    ids=["here", "15", "pgmq 1.5.1"],
)
def db_everywhere(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The session's PostgreSQL, Debian's 15, and queue tables as pgmq 1.5.1 makes them."""
    with opened(request.getfixturevalue(request.param)) as database:
        yield database
