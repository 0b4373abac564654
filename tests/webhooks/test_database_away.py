"""PostgreSQL goes and comes back: requests are refused at once, and served again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from core.database import sync_pool
from webhooks.database import Database

THREADS, CALLS = 16, 160


@pytest.fixture
def address(db, tmp_path):
    """A folder where the server's socket can come and go, and the URL that leads there."""
    name = f".s.PGSQL.{db.port}"
    return tmp_path / name, Path(db.host, name), db.url("webhook").replace(db.host, str(tmp_path))


def outcome(database):
    try:
        return database.call("select 1 as one")["one"]
    except psycopg.OperationalError:
        return None


def test_while_it_is_away_one_request_at_a_time_waits_for_it(address):
    link, socket, url = address
    pool = sync_pool(url, application_name="test", max_size=8)
    database = Database(pool)
    try:
        assert outcome(database) is None
        asked = pool.get_stats()["requests_num"]
        with ThreadPoolExecutor(THREADS) as threads:
            assert set(threads.map(outcome, [database] * CALLS)) == {None}
        assert pool.get_stats()["requests_num"] - asked < THREADS
        link.symlink_to(socket)
        while outcome(database) is None:
            pass
        with ThreadPoolExecutor(THREADS) as threads:
            assert set(threads.map(outcome, [database] * CALLS)) == {1}
    finally:
        database.close()
