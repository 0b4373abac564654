"""`python -m tests.chaos.worker NAME URL`: a worker whose jobs leave one effect each.

Everything but the handler is the product's own: the runner, its heartbeat, its listener.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal

from core.database import async_pool
from core.logs import configure
from tests.jobs import QUEUE
from workers.engine.handlers import Handler
from workers.engine.runner import Runner

KIND = "effect"
LEASE_SECONDS = 2
# An idle worker looks every two seconds at most; a job that came in before goes first.
RESUME_SECONDS = LEASE_SECONDS + 2.0
CONCURRENCY = 8


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("url")
    arguments = parser.parse_args()
    configure("INFO", arguments.name)
    asyncio.run(_run(arguments.name, arguments.url))


async def _run(name: str, url: str) -> None:
    async with async_pool(url, application_name=name, max_size=CONCURRENCY + 2) as pool:
        runner = Runner(
            pool,
            url,
            {KIND: _effect(name)},
            queues=[QUEUE],
            concurrency=CONCURRENCY,
            lease_seconds=LEASE_SECONDS,
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop)
        orphaned = asyncio.create_task(_stop_when_orphaned(runner, os.getppid()))
        await runner.run()
        orphaned.cancel()


async def _stop_when_orphaned(runner: Runner, parent_id: int) -> None:
    """A killed test session must not leave workers behind."""
    while os.getppid() == parent_id:  # noqa: ASYNC110 - nobody announces it
        await asyncio.sleep(1)
    runner.stop()


def _effect(worker: str) -> Handler[None, None]:
    async def load(db, job) -> None:
        await db.execute(
            "insert into chaos.starts (job_id, worker) values (%s, %s)", (job.job_id, worker)
        )

    async def work(_input, _run) -> None:
        await asyncio.sleep(random.uniform(0.02, 0.1))

    async def save(db, job, _output) -> None:
        await db.execute(
            "insert into chaos.effects (job_id, worker) values (%s, %s)", (job.job_id, worker)
        )

    return Handler(load, work, save, timeout_seconds=60)


if __name__ == "__main__":
    main()
