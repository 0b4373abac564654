"""delete_source_runs: removes at Apify what ended jobs have left there, however they ended."""

from __future__ import annotations

import structlog

from workers.engine.errors import Park
from workers.engine.handlers import Handler, Run
from workers.providers.apify import Apify

_log = structlog.get_logger()
_AGAIN_SECONDS = 60.0


def handler(apify: Apify | None) -> Handler[None, None]:
    """The handler; without a token it waits for a worker that has one, while there is work."""

    async def work(_input: None, run: Run) -> None:
        for run_id in await _runs(run):
            if apify is None:
                _log.error("apify_runs_not_deleted", hint="Set APIFY_TOKEN for this worker, too.")
                raise Park("waiting", _AGAIN_SECONDS)
            await apify.delete(run_id)
            async with run.pool.connection() as db:
                await db.execute("select private.forget_run(%s)", (run_id,))

    return Handler(load=None, work=work, save=None)


async def _runs(run: Run) -> list[str]:
    async with run.pool.connection() as db:
        cursor = await db.execute("select run_id from private.runs_to_delete() as run_id")
        return [str(row["run_id"]) async for row in cursor]
