"""Celery on Redis: a prefork worker in processes of its own, acknowledging after the work."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
from redis.asyncio import Redis

from tests.benchmarks.jobs.systems import celery_app
from tests.benchmarks.jobs.systems.system import Work
from tests.benchmarks.jobs.target import Target

_READY_SECONDS = 60


class Celery:
    """A job and a row can't be committed together here: the row first, then the job."""

    login = "supabase_admin"

    def __init__(self, target: Target) -> None:
        assert target.redis_socket is not None
        self._socket = target.redis_socket
        self._url = target.url(self.login)
        self._app = celery_app.make(self._socket)
        self._redis = Redis(unix_socket_path=self._socket)

    async def install(self) -> None:
        """Nothing: Redis is empty at the start of each run."""

    async def add(self, db: psycopg.AsyncConnection, number: int) -> None:  # noqa: ARG002
        self._app.send_task(celery_app.NAME, (number,))

    async def add_many(
        self,
        db: psycopg.AsyncConnection,  # noqa: ARG002 - Redis knows nothing of it
        numbers: Sequence[int],
    ) -> None:
        with self._app.producer_or_acquire() as producer:
            for number in numbers:
                self._app.send_task(celery_app.NAME, (number,), producer=producer)

    @asynccontextmanager
    async def worker(self, work: Work, concurrency: int) -> AsyncIterator[float]:
        process = await self._start(work, concurrency)
        try:
            started_at = float(await self._reply(celery_app.READY_KEY))
            work.done = sys.maxsize  # its handlers run elsewhere: only the queue can tell
            yield started_at
        finally:
            process.terminate()
            await process.wait()  # it ends what it has begun
        for number, at in (await self._redis.hgetall(celery_app.STAMPS_KEY)).items():
            work.started_at[int(number)] = float(at)

    async def unfinished(self) -> int:
        # On its way from the one to the other a job is in neither, so "nothing" is checked twice.
        waiting = await self._in_redis()
        if not waiting:
            await asyncio.sleep(0.01)
            waiting = await self._in_redis()
        return waiting

    async def _in_redis(self) -> int:
        queued = await self._redis.llen(celery_app.QUEUE)
        return int(queued + await self._redis.hlen("unacked"))

    async def _start(self, work: Work, concurrency: int) -> asyncio.subprocess.Process:
        arguments = ["worker", "--pool", "prefork", "--concurrency", str(concurrency)]
        quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "celery", "-A", celery_app.__name__, *arguments, *quiet),
            env=os.environ
            | {
                "BENCHMARK_REDIS": self._socket,
                "BENCHMARK_URL": self._url,
                "BENCHMARK_KIND": work.kind,
                "BENCHMARK_SECONDS": str(work.seconds),
            },
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def _reply(self, key: str) -> bytes | str:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            reply = await self._redis.get(key)
            if reply is not None:
                return reply
            await asyncio.sleep(0.01)
        raise RuntimeError("the worker did not come up")
