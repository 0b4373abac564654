"""Bare pgmq: what one writes first, `read` then `delete`, in a loop per slot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg.types.json import Jsonb

from tests.benchmarks.jobs.systems.system import Work
from tests.benchmarks.jobs.systems.work import WRITE, perform
from tests.benchmarks.jobs.target import Target

_IDLE_SECONDS = 0.1
_SEND_MANY = """
select pgmq.send_batch('jobs', array_agg(jsonb_build_object('number', n)))
from unnest(%s::integer[]) as n
"""


class Pgmq:
    """One connection per slot; an empty queue is looked at again after a tenth of a second."""

    login = "supabase_admin"
    metrics_call = "select * from pgmq.metrics('jobs')"

    def __init__(self, target: Target) -> None:
        self._target = target

    async def install(self) -> None:
        async with await self._connect() as db:
            await db.execute("create extension pgmq")
            await db.execute("select pgmq.create('jobs')")

    async def add(self, db: psycopg.AsyncConnection, number: int) -> None:
        await db.execute("select pgmq.send('jobs', %s)", (Jsonb({"number": number}),))

    async def add_many(self, db: psycopg.AsyncConnection, numbers: Sequence[int]) -> None:
        await db.execute(_SEND_MANY, (list(numbers),))

    async def lease(self, db: psycopg.AsyncConnection) -> None:
        await db.execute("update pgmq.q_jobs set read_ct = 1 where read_ct = 0")

    async def postpone(self, db: psycopg.AsyncConnection, seconds: int) -> None:
        await db.execute(
            "update pgmq.q_jobs set vt = now() + make_interval(secs => %s)", (seconds,)
        )

    @asynccontextmanager
    async def worker(self, work: Work, concurrency: int) -> AsyncIterator[float]:
        connections = [await self._connect() for _ in range(concurrency)]
        started_at = time.monotonic()
        slots = [asyncio.create_task(_slot(db, work)) for db in connections]
        try:
            yield started_at
        finally:
            for slot in slots:
                slot.cancel()
            await asyncio.gather(*slots, return_exceptions=True)
            for db in connections:
                await db.close()

    async def unfinished(self) -> int:
        async with await self._connect() as db:
            cursor = await db.execute("select queue_length from pgmq.metrics('jobs')")
            [count] = await cursor.fetchone() or (0,)
            return int(count)

    @asynccontextmanager
    async def claims(self) -> AsyncIterator[_Claims]:
        async with await self._connect() as db:
            yield _Claims(db)

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._target.url(self.login), autocommit=True)


async def _slot(db: psycopg.AsyncConnection, work: Work) -> None:
    while True:
        cursor = await db.execute("select msg_id, message from pgmq.read('jobs', 30, 1)")
        row = await cursor.fetchone()
        if row is None:
            await asyncio.sleep(_IDLE_SECONDS)
            continue
        number = row[1]["number"]
        await perform(work, number)
        async with db.transaction():
            if work.kind == "result":
                await db.execute(WRITE, (number,))
            await db.execute("select pgmq.delete('jobs', %s::bigint)", (row[0],))


class _Claims:
    usual = 1

    def __init__(self, db: psycopg.AsyncConnection) -> None:
        self._db = db

    async def take(self, quantity: int, lease_seconds: int) -> int:
        rows = await self._db.execute(
            "select msg_id from pgmq.read('jobs', %s, %s)", (lease_seconds, quantity)
        )
        return len(await rows.fetchall())
