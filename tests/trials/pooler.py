"""Workers and the edge through pgbouncer in transaction mode: jobs done, sign-ins answered."""

from __future__ import annotations

import asyncio
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from psycopg import AsyncConnection

from core.database import async_pool
from tests.database import Database
from tests.jobs import QUEUE, enqueue, make_kind
from tests.pgbouncer import Pooler, pooling
from tests.trials.figures import Figure
from tests.trials.migrated import migrated_database
from tests.webhooks import edge
from workers.engine.handlers import Handler, JobContext
from workers.engine.queue import Job
from workers.engine.runner import Runner

Connection = AsyncConnection[dict[str, object]]

JOBS, SIGN_INS, CLIENTS, WORKERS = 40, 320, 8, 2
PATIENCE_SECONDS = 60
DONE = "select count(*) from public.jobs where status = 'succeeded'"


def run() -> list[Figure]:
    """Two workers, then an edge with eight clients."""
    with migrated_database() as db, pooling(db) as pooler:
        make_kind(db)
        for _ in range(JOBS):
            enqueue(db)
        seconds = asyncio.run(_work(db, pooler))
        done = db.value(DONE)
        statuses = _sign_in(pooler)
    good = statuses.count(200)
    failed = sum(status >= 500 for status in statuses)
    return [
        Figure(f"jobs done of {JOBS}", done, before="0", at_least=JOBS),
        Figure("until the last one", round(seconds, 2), "s"),
        Figure(f"sign-ins of {SIGN_INS} with a token", good, at_least=SIGN_INS),
        Figure(f"sign-ins of {SIGN_INS} with 5xx", failed, before="168", at_most=0),
    ]


async def _work(db: Database, pooler: Pooler) -> float:
    """Seconds that two workers take for all jobs; they are given up after a minute."""
    url = pooler.url("worker")
    began = time.perf_counter()
    async with AsyncExitStack() as opened:
        runners = [
            Runner(
                await opened.enter_async_context(
                    async_pool(url, application_name=f"worker {number}", max_size=4)
                ),
                url,
                {"noop": Handler(_load, _do, _save)},
                queues=[QUEUE],
                concurrency=10,
                lease_seconds=30,
            )
            for number in range(WORKERS)
        ]
        tasks = [asyncio.create_task(runner.run()) for runner in runners]
        while db.value(DONE) < JOBS and time.perf_counter() - began < PATIENCE_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the condition is in the database
        seconds = time.perf_counter() - began
        for runner in runners:
            runner.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
    return seconds


async def _load(db: Connection, _job: Job) -> None:
    await db.execute("select 1")


async def _do(_input: None, context: JobContext) -> None:
    await context.progress("working", 50)


async def _save(db: Connection, _job: Job, _output: None) -> None:
    await db.execute("select 2")


def _sign_in(pooler: Pooler) -> list[int]:
    """The status of each sign-in, by clients side by side."""
    with tempfile.TemporaryDirectory() as folder:
        settings = edge.make_settings(pooler.url("webhook"), Path(folder), log_level="ERROR")
        with contextmanager(edge.running)(settings) as app, ThreadPoolExecutor(CLIENTS) as clients:

            def sign_in(number: int) -> int:
                bearer = app.bearer(f"user_{number % 40}")
                client = app.app.test_client()
                return client.post("/auth/session", headers=bearer).status_code

            return list(clients.map(sign_in, range(SIGN_INS)))
