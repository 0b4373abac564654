"""The cases for a Python system: each is a coroutine that returns numbers by name."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from tests.benchmarks.jobs.systems.system import System, Work
from tests.benchmarks.jobs.target import BEGIN, END, Target

Numbers = dict[str, float]

_CHUNK = 1000
_STUCK_SECONDS = 30


async def enqueue(system: System, target: Target, parameters: dict[str, Any]) -> Numbers:
    """Jobs added a second: one by one, on eight connections, in bulk, beside a business row."""
    jobs, bulk = parameters["jobs"], parameters["bulk"]
    connections = [await _connect(target, system.login) for _ in range(8)]
    db = connections[0]
    await db.execute("create table benchmark_orders (number integer)")
    await _one_by_one(system, db, range(20))  # warms the connection's statements up

    numbers = {
        "one_connection": await _rate(jobs, lambda: _one_by_one(system, db, range(jobs))),
        "eight_connections": await _rate(jobs, lambda: _side_by_side(system, connections, jobs)),
        "bulk": await _rate(bulk, lambda: preload(system, db, bulk)),
        "with_business_row": await _rate(jobs, lambda: _with_rows(system, db, jobs)),
    }
    for connection in connections:
        await connection.close()
    return numbers


async def blocked(system: System, target: Target, parameters: dict[str, Any]) -> Numbers:
    """How long an enqueue may take while another transaction that has added a job stays open."""
    holder = await _connect(target, system.login)
    other = await _connect(target, system.login)
    await _one_by_one(system, other, range(20))
    waits = []
    async with holder.transaction():
        await system.add(holder, 0)
        ends_at = time.monotonic() + parameters["seconds"]
        while time.monotonic() < ends_at:
            since = time.monotonic()
            try:
                await asyncio.wait_for(system.add(other, 1), parameters["seconds"])
            except TimeoutError:
                waits.append(time.monotonic() - since)
                break
            waits.append(time.monotonic() - since)
            await asyncio.sleep(0.02)
    await holder.close()
    await other.close()
    return {"median_ms": statistics.median(waits) * 1000, "longest_ms": max(waits) * 1000}


async def results(system: System, target: Target, parameters: dict[str, Any]) -> Numbers:
    """Jobs a second that write a row each, from the worker's start to the last completion."""
    jobs = parameters["jobs"]
    async with await _connect(target, system.login) as db:
        await preload(system, db, jobs)
    async with await _connect(target) as admin:
        await admin.execute("create table benchmark_results (number integer primary key)")
        await admin.execute("grant insert on benchmark_results to public")
        await _settle(admin)
        before = await _server_counters(admin)
        tell(BEGIN)
        seconds = await _drained(system, Work("result"), jobs, parameters["concurrency"])
        tell(END)
        after = await _server_counters(admin)
        [written] = await _row(admin, "select count(*) from benchmark_results")
    if written != jobs:
        raise RuntimeError(f"{written} of {jobs} rows were written")
    return {
        "jobs_per_second": jobs / seconds,
        "commits_per_job": (after[0] - before[0]) / jobs,
        "wal_bytes_per_job": (after[1] - before[1]) / jobs,
    }


async def sleep(system: System, target: Target, parameters: dict[str, Any]) -> Numbers:
    """Jobs that wait as those for a network do: the part of the ideal rate that is reached."""
    jobs, concurrency = parameters["jobs"], parameters["concurrency"]
    work = Work("sleep", seconds=parameters["seconds"])
    async with await _connect(target, system.login) as db:
        await preload(system, db, jobs)
    seconds = await _drained(system, work, jobs, concurrency)
    return {"efficiency": work.seconds * jobs / concurrency / seconds}


async def latency(system: System, target: Target, parameters: dict[str, Any]) -> Numbers:
    """Milliseconds from an enqueue's commit to the handler's start, on an idle worker."""
    jobs = parameters["jobs"]
    gaps = random.Random(7)
    work = Work("stamp")
    added_at = {}
    async with (
        await _connect(target, system.login) as db,
        system.worker(work, parameters["concurrency"]),
    ):
        await asyncio.sleep(1.5)  # listening, first polls
        for number in range(jobs):
            await asyncio.sleep(gaps.uniform(0.02, 0.07))
            await system.add(db, number)
            added_at[number] = time.monotonic()
        await _until_none_unfinished(system, work, jobs)
    # A worker woken by the commit may begin before the adding side sees its answer.
    waits = sorted(max(0.0, work.started_at[number] - at) * 1000 for number, at in added_at.items())
    return {
        "p50_ms": statistics.median(waits),
        "p99_ms": waits[min(len(waits) - 1, int(len(waits) * 0.99))],
        "max_ms": waits[-1],
    }


def tell(mark: str) -> None:
    """Whoever started this process counts CPU time from one mark to the other."""
    print(mark, flush=True)  # noqa: T201 - that is how


async def preload(system: System, db: psycopg.AsyncConnection, jobs: int) -> None:
    """Adds jobs in transactions of a thousand."""
    for first in range(0, jobs, _CHUNK):
        await system.add_many(db, range(first, min(first + _CHUNK, jobs)))


async def _drained(system: System, work: Work, jobs: int, concurrency: int) -> float:
    async with system.worker(work, concurrency) as started_at:
        return await _until_none_unfinished(system, work, jobs) - started_at


async def _until_none_unfinished(system: System, work: Work, jobs: int) -> float:
    """The moment when the database says so; the handlers only tell when to begin asking."""
    quiet_since, seen = time.monotonic(), 0
    while work.done < jobs:
        await asyncio.sleep(0.005)
        if work.done > seen:
            quiet_since, seen = time.monotonic(), work.done
        if time.monotonic() - quiet_since > _STUCK_SECONDS:
            raise RuntimeError(f"stuck after {seen} of {jobs} jobs")
    while await system.unfinished():
        if time.monotonic() - quiet_since > _STUCK_SECONDS:
            raise RuntimeError("handlers are through, but jobs stay unfinished")
        await asyncio.sleep(0.005)
    return time.monotonic()


async def _rate(jobs: int, work: Callable[[], Awaitable[None]]) -> float:
    since = time.monotonic()
    await work()
    return jobs / (time.monotonic() - since)


async def _one_by_one(system: System, db: psycopg.AsyncConnection, numbers: range) -> None:
    for number in numbers:
        await system.add(db, number)


async def _side_by_side(
    system: System, connections: list[psycopg.AsyncConnection], jobs: int
) -> None:
    share = jobs // len(connections)
    await asyncio.gather(*(_one_by_one(system, db, range(share)) for db in connections))


async def _with_rows(system: System, db: psycopg.AsyncConnection, jobs: int) -> None:
    for number in range(jobs):
        async with db.transaction():
            await db.execute("insert into benchmark_orders values (%s)", (number,))
            await system.add(db, number)


async def _connect(target: Target, login: str = "supabase_admin") -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(target.url(login), autocommit=True)


async def _settle(admin: psycopg.AsyncConnection) -> None:
    """What autovacuum would have done by now, so that no system starts without statistics."""
    await admin.execute("vacuum (analyze)")
    await admin.execute("checkpoint")


async def _server_counters(admin: psycopg.AsyncConnection) -> tuple[int, int]:
    await asyncio.sleep(0.1)  # backends report their commits with a delay
    await admin.execute("select pg_stat_force_next_flush()")
    commits, wal = await _row(
        admin,
        "select xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
        " from pg_stat_database where datname = current_database()",
    )
    return int(commits), int(wal)


async def _row(db: psycopg.AsyncConnection, query: str) -> tuple[Any, ...]:
    [row] = await (await db.execute(query)).fetchall()
    return tuple(row)


CASES = {
    "enqueue": enqueue,
    "blocked": blocked,
    "results": results,
    "sleep": sleep,
    "latency": latency,
}
