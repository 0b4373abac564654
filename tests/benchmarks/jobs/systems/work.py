"""The body of every job in every Python system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg_pool import AsyncConnectionPool

from tests.benchmarks.jobs.systems.system import Work

WRITE = "insert into benchmark_results (number) values (%s)"


async def perform(work: Work, number: int) -> None:
    """Nothing, a pause, a row, or a note of when it began."""
    work.start(number)
    if work.seconds:
        await asyncio.sleep(work.seconds)
    if work.write is not None:
        await work.write(number)
    work.finish()


@asynccontextmanager
async def writing(work: Work, url: str, connections: int) -> AsyncIterator[None]:
    """Lets jobs write their row over connections of their own, each in a transaction of its own."""
    if work.kind != "result":
        yield
        return
    async with AsyncConnectionPool(
        url, kwargs={"autocommit": True}, min_size=connections, max_size=connections, open=False
    ) as pool:

        async def write(number: int) -> None:
            async with pool.connection() as db:
                await db.execute(WRITE, (number,))

        work.write = write
        yield
