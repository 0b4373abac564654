"""Realtime: jobs and notifications join Supabase's publication where there is one."""

from __future__ import annotations

import pytest

from local.profiles import HOSTED
from tests.database import Database
from tests.server import PROFILE, SCHEMAS

[FILE] = SCHEMAS.glob("*_realtime.sql")
PUBLISHED = "select schemaname, tablename from pg_publication_tables"


def test_they_are_published_where_supabase_publishes(db: Database) -> None:
    if PROFILE is not HOSTED:
        with db.as_superuser() as platform:
            platform.execute("create publication supabase_realtime")
            platform.execute("alter publication supabase_realtime owner to postgres")
        db.execute(FILE.read_text())
    assert db.rows(f"{PUBLISHED} order by tablename") == [
        {"schemaname": "public", "tablename": "jobs"},
        {"schemaname": "public", "tablename": "notifications"},
    ]


@pytest.mark.skipif(PROFILE is HOSTED, reason="a hosted project publishes")
def test_elsewhere_nothing_is_published(db: Database) -> None:
    assert db.rows(PUBLISHED) == []
