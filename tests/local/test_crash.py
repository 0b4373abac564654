"""A killed server: its last backends may outlive it, and the next start waits for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from local import postgres
from local.scratch import free_port
from tests.jobs import in_background
from tests.patience import PATIENCE_SECONDS

BUSY = "select count(*) from generate_series(1, 4000000) as n where n::text like '%7%'"

ACTIVE = "select count(*) from pg_stat_activity where query = %s and state = 'active'"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[postgres.Server]:
    data_dir = tmp_path / "postgres"
    yield postgres.start(data_dir, free_port(), fsync="off")
    postgres.stop(data_dir, mode="immediate")


def test_a_start_after_kill_nine_waits_for_a_backend_that_still_computes(server: postgres.Server):
    connected = threading.Event()

    def compute() -> None:
        with psycopg.connect(server.superuser_url()) as connection:
            connected.set()
            connection.execute(BUSY)

    computing = in_background(compute)
    assert connected.wait(PATIENCE_SECONDS)
    with psycopg.connect(server.superuser_url(), autocommit=True) as watcher:
        while watcher.execute(ACTIVE, (BUSY,)).fetchone() == (0,):
            pass
    postmaster = int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
    process = psutil.Process(postmaster)
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        pass
    postgres.start(server.data_dir, server.port, fsync="off")
    with psycopg.connect(server.superuser_url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert isinstance(
        computing.exception(timeout=PATIENCE_SECONDS), psycopg.OperationalError | None
    )
