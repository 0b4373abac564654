"""PgQueuer with its psycopg or asyncpg driver."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import psycopg
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.queries import EntrypointExecutionParameter, Queries
from pgqueuer.types import QueueEntrypoint, QueueManagerId

from tests.benchmarks.jobs.systems.system import Work
from tests.benchmarks.jobs.systems.work import perform, writing
from tests.benchmarks.jobs.target import Target

_NAME = "benchmark"


class PgQueuerOnPsycopg:
    """One connection for the worker, as its documentation shows."""

    login = "supabase_admin"
    metrics_call: str | None = None

    def __init__(self, target: Target) -> None:
        self._target = target

    async def install(self) -> None:
        async with await self._connect() as db:
            await Queries(PsycopgDriver(db)).install()

    async def add(self, db: psycopg.AsyncConnection, number: int) -> None:
        await Queries(PsycopgDriver(db)).enqueue(_NAME, str(number).encode())

    async def add_many(self, db: psycopg.AsyncConnection, numbers: Sequence[int]) -> None:
        payloads: list[bytes | None] = [str(number).encode() for number in numbers]
        await Queries(PsycopgDriver(db)).enqueue(
            [_NAME] * len(payloads), payloads, [0] * len(payloads)
        )

    async def postpone(self, db: psycopg.AsyncConnection, seconds: int) -> None:
        raise NotImplementedError  # measured beside due jobs only

    async def lease(self, db: psycopg.AsyncConnection) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def worker(self, work: Work, concurrency: int) -> AsyncIterator[float]:
        async with self._writing(work, min(concurrency, 16) + 2), self._open() as queuer:

            @queuer.entrypoint(_NAME)
            async def benchmark(job: Job) -> None:
                await perform(work, int(job.payload or b"0"))

            started_at = time.monotonic()
            # It wants a cap of at least two batches: it may run twice as many as the others.
            run = asyncio.create_task(
                queuer.run(batch_size=concurrency, max_concurrent_tasks=2 * concurrency)
            )
            try:
                yield started_at
            finally:
                queuer.shutdown.set()
                await asyncio.wait_for(asyncio.gather(run, return_exceptions=True), timeout=60)

    async def unfinished(self) -> int:
        async with await self._connect() as db:
            sizes = await Queries(PsycopgDriver(db)).queue_size()
            return sum(size.count for size in sizes)

    @asynccontextmanager
    async def claims(self) -> AsyncIterator[_Claims]:
        async with await self._connect() as db:
            yield _Claims(Queries(PsycopgDriver(db)))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[PgQueuer]:
        async with await self._connect() as db:
            yield PgQueuer.from_psycopg_connection(db)

    @asynccontextmanager
    async def _writing(self, work: Work, connections: int) -> AsyncIterator[None]:
        async with writing(work, self._target.url(self.login), connections):
            yield

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._target.url(self.login), autocommit=True)


class PgQueuerOnAsyncpg(PgQueuerOnPsycopg):
    """Its faster driver for the worker; jobs are added over psycopg all the same."""

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[PgQueuer]:
        db = await asyncpg.connect(self._target.url(self.login))
        try:
            yield PgQueuer.from_asyncpg_connection(db)
        finally:
            await db.close()

    @asynccontextmanager
    async def _writing(self, work: Work, connections: int) -> AsyncIterator[None]:
        if work.kind != "result":
            yield
            return
        url = self._target.url(self.login)
        async with asyncpg.create_pool(url, min_size=connections, max_size=connections) as pool:

            async def write(number: int) -> None:
                await pool.execute("insert into benchmark_results (number) values ($1)", number)

            work.write = write
            yield


class _Claims:
    usual = 10

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._worker_id = QueueManagerId(uuid.uuid4())

    async def take(self, quantity: int, lease_seconds: int) -> int:
        jobs = await self._queries.dequeue(
            quantity,
            {QueueEntrypoint(_NAME): EntrypointExecutionParameter(0)},
            self._worker_id,
            None,
            timedelta(seconds=lease_seconds),
        )
        return len(jobs)
