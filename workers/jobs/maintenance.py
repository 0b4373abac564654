"""The jobs of the system: prune_jobs, watch_products, delete_source_runs, erase_rows."""

from __future__ import annotations

import time

import structlog

from workers.engine.errors import Snooze
from workers.engine.handlers import Handler, JobContext
from workers.sources.tiktok.apify import Apify

_log = structlog.get_logger()
_AGAIN_SECONDS = 60.0
# A large account takes minutes. The job snoozes after this time, so that other jobs get its slot.
_GO_SECONDS = 20.0
_PAUSE_SECONDS = 1.0
WATCHES_PER_RUN = 1000


def pruning() -> Handler[None, None]:
    return Handler(load=None, work=prune, save=None)


async def prune(_input: None, context: JobContext) -> None:
    """Deletes in batches, each a transaction, until one finds nothing."""
    async with context.pool.connection() as db:
        await db.execute("select private.requeue_erasures()")
        await db.execute("select private.requeue_deliveries()")
        for statement in (
            "select private.prune_jobs() as pruned",
            "select private.prune_records() as pruned",
        ):
            while True:
                cursor = await db.execute(statement)
                row = await cursor.fetchone()
                if row is None or not row["pruned"]:
                    break


def watching() -> Handler[None, None]:
    return Handler(load=None, work=run_watches, save=None)


async def run_watches(_input: None, context: JobContext) -> None:
    """Queues the analyses that are due, each in a transaction. The next run takes the rest."""
    async with context.pool.connection() as db:
        for _ in range(WATCHES_PER_RUN):
            cursor = await db.execute("select private.run_next_watch() as outcome")
            row = await cursor.fetchone()
            if row is None or row["outcome"] is None:
                break


def source_run_deletion(apify: Apify | None) -> Handler[None, None]:
    """Without a token the job snoozes while there are runs, for a worker that has one."""

    async def work(_input: None, context: JobContext) -> None:
        async with context.pool.connection() as db:
            cursor = await db.execute("select run_id from private.runs_to_delete() as run_id")
            run_ids = [str(row["run_id"]) async for row in cursor]
        for run_id in run_ids:
            if apify is None:
                _log.error("apify_runs_not_deleted", hint="Set APIFY_TOKEN for this worker, too.")
                raise Snooze("waiting", _AGAIN_SECONDS)
            await apify.delete(run_id)
            async with context.pool.connection() as db:
                await db.execute("select private.forget_run(%s)", (run_id,))

    return Handler(load=None, work=work, save=None)


def row_erasure() -> Handler[None, None]:
    return Handler(load=None, work=delete_rows, save=None)


async def delete_rows(_input: None, context: JobContext) -> None:
    """Deletes an erased account's rows in batches. A killed job continues after its last one.

    Each batch is a transaction. Snoozes if rows are locked, and after _GO_SECONDS.
    """
    user_id: str = context.job.arguments["user_id"]
    ends_at = time.monotonic() + _GO_SECONDS
    while time.monotonic() < ends_at:
        async with context.pool.connection() as db:
            cursor = await db.execute("select private.erase_batch(%s) as erased", (user_id,))
            row = await cursor.fetchone()
        if row is None or row["erased"] is None:
            return
        if not row["erased"]:
            raise Snooze("erasing", _PAUSE_SECONDS)
    raise Snooze("erasing", 0)
