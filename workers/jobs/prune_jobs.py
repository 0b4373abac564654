"""prune_jobs: deletes jobs that ended long ago, in batches."""

from __future__ import annotations

from workers import queue as protocol
from workers.handlers import Handler, Run


def handler() -> Handler[None, None]:
    """The handler; it needs nothing from outside."""
    return Handler(load=None, work=work, save=None)


async def work(_input: None, run: Run) -> None:
    """Until a batch finds nothing more."""
    while await protocol.prune_jobs(run.pool):
        pass
