"""prune_jobs: deletes what is too old to be asked for, and brings erasures back that gave up."""

from __future__ import annotations

from workers.engine.handlers import Handler, Run


def handler() -> Handler[None, None]:
    """The handler; it needs nothing from outside."""
    return Handler(load=None, work=work, save=None)


async def work(_input: None, run: Run) -> None:
    """In batches, each a transaction, until one finds nothing more."""
    async with run.pool.connection() as db:
        await db.execute("select private.requeue_erasures()")
        for statement in (
            "select private.prune_jobs() as pruned",
            "select private.prune_records() as pruned",
        ):
            while True:
                cursor = await db.execute(statement)
                row = await cursor.fetchone()
                if row is None or not row["pruned"]:
                    break
