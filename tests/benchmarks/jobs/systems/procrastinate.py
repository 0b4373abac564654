"""Procrastinate with its psycopg connector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from tests.benchmarks.jobs.systems.system import Work
from tests.benchmarks.jobs.systems.work import perform, writing
from tests.benchmarks.jobs.target import Target


class Procrastinate:
    """Finished jobs stay in its table, as by default."""

    login = "supabase_admin"
    metrics_call: str | None = None

    def __init__(self, target: Target) -> None:
        self._target = target
        self._work: Work | None = None
        # Adding jobs goes over the caller's connection; this app only knows the task.
        self._app, self._task = self._make_app(connections=1)

    async def install(self) -> None:
        async with self._app.open_async():
            await self._app.schema_manager.apply_schema_async()

    async def add(self, db: psycopg.AsyncConnection, number: int) -> None:
        await self._task.configure(connection=db).defer_async(number=number)

    async def add_many(self, db: psycopg.AsyncConnection, numbers: Sequence[int]) -> None:
        await self._task.configure(connection=db).batch_defer_async(
            *({"number": number} for number in numbers)
        )

    @asynccontextmanager
    async def worker(self, work: Work, concurrency: int) -> AsyncIterator[float]:
        self._work = work
        connections = min(concurrency, 16) + 2
        app, _task = self._make_app(connections)
        async with app.open_async(), writing(work, self._target.url(self.login), connections):
            started_at = time.monotonic()
            run = asyncio.create_task(
                app.run_worker_async(
                    concurrency=concurrency, install_signal_handlers=False, wait=True
                )
            )
            try:
                yield started_at
            finally:
                run.cancel()
                await asyncio.gather(run, return_exceptions=True)

    async def postpone(self, db: psycopg.AsyncConnection, seconds: int) -> None:
        raise NotImplementedError  # measured beside due jobs only

    async def lease(self, db: psycopg.AsyncConnection) -> None:
        raise NotImplementedError

    async def unfinished(self) -> int:
        async with await psycopg.AsyncConnection.connect(self._target.url(self.login)) as db:
            cursor = await db.execute(
                "select count(*) from procrastinate_jobs where status in ('todo', 'doing')"
            )
            [count] = await cursor.fetchone() or (0,)
            return int(count)

    @asynccontextmanager
    async def claims(self) -> AsyncIterator[_Claims]:
        async with self._app.open_async():
            manager = self._app.job_manager
            yield _Claims(manager, await manager.register_worker())

    def _make_app(self, connections: int) -> tuple[App, Task[Any, Any, Any]]:
        app = App(
            connector=PsycopgConnector(
                conninfo=self._target.url(self.login), min_size=1, max_size=connections
            )
        )

        @app.task(name="benchmark")
        async def benchmark(number: int) -> None:
            assert self._work is not None
            await perform(self._work, number)

        return app, benchmark


class _Claims:
    """Its fetch takes one job and knows no lease: a worker's heartbeat keeps its jobs."""

    usual = 1

    def __init__(self, manager: JobManager, worker_id: int) -> None:
        self._manager = manager
        self._worker_id = worker_id

    async def take(self, quantity: int, lease_seconds: int) -> int:  # noqa: ARG002
        job = await self._manager.fetch_job(queues=None, worker_id=self._worker_id)
        return int(job is not None)
