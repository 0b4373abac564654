"""prune_jobs: deletes jobs that ended long ago, in batches."""

from __future__ import annotations

from workers.handlers import Handler, Run


def handler() -> Handler[None, None]:
    """The handler; it needs nothing from outside."""
    return Handler(load=None, work=work, save=None)


async def work(_input: None, run: Run) -> None:
    """Until a batch finds nothing more."""
    async with run.pool.connection() as db:
        while True:
            cursor = await db.execute("select private.prune_jobs() as pruned")
            row = await cursor.fetchone()
            if row is None or not row["pruned"]:
                return
