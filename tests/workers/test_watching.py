"""watch_products: a worker's schedule has products analysed again, a bounded number each run."""

from __future__ import annotations

import asyncio

import pytest

from tests.database import Database
from tests.patience import PATIENCE_SECONDS
from tests.running import worker
from tests.sql.test_watches import live, make_watched
from workers.jobs import maintenance

ENDED = "select count(*) from public.jobs where kind = 'watch_products' and status = 'succeeded'"


async def run_schedule(db: Database) -> None:
    """A worker that finds only this schedule due."""
    db.execute("update private.schedules set next_at = now() + interval '1 hour'")
    db.execute("update private.schedules set next_at = now() where name = 'watch_products'")
    before = db.value(ENDED)
    async with (
        worker(db, "watch_products", maintenance.watching(), "maintenance"),
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        while db.value(ENDED) == before:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.02)


async def test_a_run_takes_what_is_due_up_to_its_bound(
    db: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(maintenance, "WATCHES_PER_RUN", 2)
    for _ in range(3):
        make_watched(db)
    await run_schedule(db)
    assert live(db) == 2
    await run_schedule(db)
    assert live(db) == 3
    await run_schedule(db)
    assert live(db) == 3
