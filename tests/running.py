"""A real worker on a test's database, and what its owner sees of a product's job."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from core.database import async_pool
from tests.patience import PATIENCE_SECONDS
from workers.engine.runner import Runner


@asynccontextmanager
async def worker(db, kind, handler, queue="ingestion"):
    """Runs jobs of that kind until the block ends."""
    async with async_pool(db.url("worker"), application_name="test", max_size=4) as pool:
        runner = Runner(
            pool,
            db.url("worker"),
            {kind: handler},
            queues=[queue],
            concurrency=2,
            lease_seconds=PATIENCE_SECONDS,
        )
        task = asyncio.create_task(runner.run())
        try:
            yield
        finally:
            runner._lease_seconds = 5  # of which what still runs gets a third to end
            runner.stop()
            await task


def job_of(db, product, kind):
    return db.row(
        "select id, status, stage, attempt, error_code, error_message from public.jobs"
        " where product_id = %s and kind = %s",
        product["id"],
        kind,
    )


async def until(db, product, kind, status):
    """The job once it has that status; fails after a while."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while job_of(db, product, kind)["status"] != status:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.02)
    return job_of(db, product, kind)
