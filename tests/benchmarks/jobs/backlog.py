"""Cases about a queue that is full: what a claim costs beside 1k to 1M rows, who waits for whom."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from tests.benchmarks.jobs.systems.ours import Ours
from tests.benchmarks.jobs.systems.system import Claimable, Claims, System, Work
from tests.benchmarks.jobs.target import Target

Numbers = dict[str, float]

_NOT_SNOOZED = "select count(*) from public.jobs where kind = 'benchmark' and status <> 'waiting'"
_CHUNK = 1000
_CLAIMS = 40


async def growth(system: Claimable, target: Target, parameters: dict[str, Any]) -> Numbers:
    """The median claim beside more and more rows: due ones, delayed ones, leased ones."""
    numbers = {}
    filled = 0
    async with await _connect(target) as admin, system.claims() as claims:
        for size in parameters["sizes"]:
            await _fill(system, target, range(filled, size))
            filled = size
            for state in parameters["states"]:
                await _bring_into(state, system, admin)
                numbers[f"{state}_claim_ms_at_{size}"] = await _median_claim(claims)
        numbers |= await _metrics(system, admin, filled)
    return numbers


async def crowd(system: Ours, target: Target, parameters: dict[str, Any]) -> Numbers:
    """One user's job beside the queued thousands of another: enqueue's commit to its start."""
    work = Work("stamp", seconds=parameters["seconds"])
    added_at: dict[int, float] = {}
    async with await _connect(target, system.login) as db:
        alone = await _pick_up(system, db, work, range(30), added_at)
        for first in range(0, parameters["jobs"], _CHUNK):
            await system.add_many_of(db, "crowd", range(1000 + first, 1000 + first + _CHUNK))
        crowded = await _pick_up(system, db, work, range(100, 130), added_at)
    return {"p50_ms": crowded, "alone_p50_ms": alone, "times_alone": crowded / alone}


async def snoozed(system: Ours, target: Target, parameters: dict[str, Any]) -> Numbers:
    """A wake's commit to the job's start, one after the other while the rest snoozes."""
    jobs = parameters["jobs"]
    work = Work("stamp")
    job_ids = {}
    woken_at = {}
    async with (
        await _connect(target) as db,
        system.snoozing_worker(work, parameters["concurrency"]) as runner,
    ):
        for number in range(jobs):
            job_ids[number] = await system.add_for(db, number)
        while await _value(db, _NOT_SNOOZED):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
        slots_held = runner.running
        for number, job_id in job_ids.items():
            await asyncio.sleep(0.005)
            await db.execute("select private.wake(%s)", (job_id,))
            woken_at[number] = time.monotonic()
        async with asyncio.timeout(60):
            while len(work.started_at) < jobs:  # noqa: ASYNC110 - a look is cheap
                await asyncio.sleep(0.01)
    waits = [max(0.0, work.started_at[number] - at) * 1000 for number, at in woken_at.items()]
    return {
        "p50_ms": statistics.median(waits),
        "max_ms": max(waits),
        "slots_held": float(slots_held),
    }


async def held(system: System, target: Target, parameters: dict[str, Any]) -> Numbers:
    """Jobs a second beside a snapshot that is held, as part of the rate before it."""
    work = Work("noop")
    async with (
        await _connect(target) as admin,
        await _connect(target, system.login) as db,
        await _connect(target) as holder,
        _fed(system, db, work),
        system.worker(work, 10),
    ):
        await asyncio.sleep(parameters["before_seconds"])
        before = await _rate(work, parameters["window_seconds"])
        async with holder.transaction():
            await holder.execute("set transaction isolation level repeatable read")
            await holder.execute("select count(*) from pg_class")
            await asyncio.sleep(parameters["held_seconds"] - parameters["window_seconds"])
            during = await _rate(work, parameters["window_seconds"])
            dead = await _value(admin, "select sum(n_dead_tup) from pg_stat_user_tables")
    return {
        "rate_before": before,
        "rate_at_end": during,
        "kept": during / before,
        "dead_rows": float(dead or 0),
    }


async def _fill(system: Claimable, target: Target, numbers: range) -> None:
    """Over two connections: a million single enqueues take their time."""
    chunks = iter(range(numbers.start, numbers.stop, _CHUNK))

    # Where a system has a faster way that leaves the same rows.
    add_many = getattr(system, "fill", system.add_many)

    async def fill() -> None:
        async with await _connect(target, system.login) as db:
            for first in chunks:
                await add_many(db, range(first, min(first + _CHUNK, numbers.stop)))

    await asyncio.gather(fill(), fill())


async def _bring_into(state: str, system: Claimable, admin: psycopg.AsyncConnection) -> None:
    """All rows into one state, and a thousand that can be claimed beside them.

    Leased ones come after delayed ones: they are invisible already.
    """
    if state == "delayed":
        await system.postpone(admin, seconds=7200)
    elif state == "leased":
        await system.lease(admin)
    if state != "due":
        await system.add_many(admin, range(_CHUNK))
    await admin.execute("vacuum (analyze)")


async def _median_claim(claims: Claims) -> float:
    """Of claims as large as the worker's; the first few prepare statements and read pages in."""
    milliseconds = []
    for _ in range(_CLAIMS + 10):
        since = time.perf_counter()
        taken = await claims.take(claims.usual, lease_seconds=7200)
        milliseconds.append((time.perf_counter() - since) * 1000)
        if taken == 0:
            raise RuntimeError("nothing was left to claim")
    return statistics.median(milliseconds[10:])


async def _metrics(system: Claimable, db: psycopg.AsyncConnection, size: int) -> Numbers:
    if system.metrics_call is None:
        return {}
    milliseconds = []
    for _ in range(20):
        since = time.perf_counter()
        await (await db.execute(system.metrics_call)).fetchall()
        milliseconds.append((time.perf_counter() - since) * 1000)
    return {f"metrics_ms_at_{size}": statistics.median(milliseconds)}


async def _pick_up(
    system: Ours,
    db: psycopg.AsyncConnection,
    work: Work,
    numbers: range,
    added_at: dict[int, float],
) -> float:
    async with system.worker(work, 10):
        await asyncio.sleep(1.5)
        for number in numbers:
            await asyncio.sleep(0.05)
            await system.add_many_of(db, "newcomer", [number])
            added_at[number] = time.monotonic()
        async with asyncio.timeout(60):
            while not work.started_at.keys() >= set(numbers):  # noqa: ASYNC110 - a look is cheap
                await asyncio.sleep(0.01)
    return statistics.median(
        max(0.0, work.started_at[number] - added_at[number]) * 1000 for number in numbers
    )


@asynccontextmanager
async def _fed(system: System, db: psycopg.AsyncConnection, work: Work) -> AsyncIterator[None]:
    """Keeps between one and two thousand jobs waiting."""

    async def feed() -> None:
        added = 0
        while True:
            if added - work.done < _CHUNK:
                await system.add_many(db, range(added, added + _CHUNK))
                added += _CHUNK
            await asyncio.sleep(0.01)

    feeder = asyncio.create_task(feed())
    try:
        yield
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)


async def _rate(work: Work, seconds: float) -> float:
    done, since = work.done, time.monotonic()
    await asyncio.sleep(seconds)
    return (work.done - done) / (time.monotonic() - since)


async def _value(db: psycopg.AsyncConnection, query: str) -> Any:
    [value] = await (await db.execute(query)).fetchone() or (None,)
    return value


async def _connect(target: Target, login: str = "supabase_admin") -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(target.url(login), autocommit=True)


BACKLOG_CASES = {"growth": growth, "crowd": crowd, "snoozed": snoozed, "held": held}
