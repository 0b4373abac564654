"""Eight sessions enqueue, on a durable server; and whose turn it is beside tenants that sleep."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import psycopg
import structlog

from core.database import async_pool
from local import postgres
from tests.database import Database, make_user
from tests.jobs import QUEUE, claim, make_kind
from tests.server import PLATFORM, ROOT, free_port, migrate
from tests.trials.figures import Figure
from workers.engine.handlers import Handler, JobContext
from workers.engine.runner import Runner

_SESSIONS = 8
_SECONDS = 5.0
_ENQUEUE = "select private.enqueue('noop', null)"
_ADD = "select private.enqueue('noop', id) from unnest(%s::uuid[]) as id"


def run() -> list[Figure]:
    """Some 40 seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with _durable() as db:
        make_kind(db)
        figures = _rates(db)
        return figures + [_turn_beside(db, sleeping) for sleeping in (300, 5000)]


def _rates(db: Database) -> list[Figure]:
    notified = _jobs_a_second(db, f"{_ENQUEUE}, pg_notify('jobs', 'maintenance')")
    alone = _jobs_a_second(db, _ENQUEUE)
    worked_off = asyncio.run(_beside_a_worker(db))
    before = "85, and 271 to 417 without NOTIFY"
    return [
        Figure("8 sessions enqueue, each notifying", notified, "jobs/s", before),
        Figure("8 sessions enqueue, no worker", alone, "jobs/s", "85", at_least=notified),
        Figure("8 sessions enqueue beside a worker", worked_off, "jobs/s", "85", at_least=notified),
    ]


def _jobs_a_second(db: Database, statement: str) -> float:
    def session(_: int) -> int:
        done = 0
        with db.connect("postgres") as connection:
            until = time.monotonic() + _SECONDS
            while time.monotonic() < until:
                connection.execute(statement)
                done += 1
        return done

    with ThreadPoolExecutor(_SESSIONS) as threads:
        return sum(threads.map(session, range(_SESSIONS))) / _SECONDS


async def _beside_a_worker(db: Database) -> float:
    db.execute("delete from public.jobs; delete from pgmq.q_jobs")

    async def work(_input: None, _context: JobContext) -> None:
        pass

    async with async_pool(db.url("worker"), application_name="trial", max_size=4) as pool:
        runner = Runner(
            pool,
            db.url("worker"),
            {"noop": Handler[None, None](None, work, None, 60)},
            queues=[QUEUE],
            concurrency=20,
            lease_seconds=30,
        )
        task = asyncio.create_task(runner.run())
        try:
            return await asyncio.to_thread(_jobs_a_second, db, _ENQUEUE)
        finally:
            runner.stop()
            await task


def _turn_beside(db: Database, sleeping: int) -> Figure:
    """As which number B's one job is handed out, beside A's 2,000 and tenants that sleep."""
    db.execute("delete from public.jobs; delete from pgmq.q_jobs")
    last, tenants = UUID(int=2**128 - 1), [UUID(int=n) for n in range(sleeping)]
    db.make_accounts(last, *tenants)
    db.execute(_ADD, tenants)
    claim(db, quantity=sleeping, lease_seconds=3600)
    db.execute(_ADD, [make_user(db)] * 2000)
    db.execute(_ADD, [last])
    number, cursor = 0, None
    with db.connect("worker") as worker:
        while True:
            rows = worker.execute(
                "select user_id, cursor::text from private.claim(%s, 1, 3600, %s)",
                (QUEUE, cursor),
            ).fetchall()
            number += 1
            if rows[0]["user_id"] == last:
                break
            cursor = rows[0]["cursor"]
    before = {300: "120", 5000: "1,930"}[sleeping]
    what = f"turn of B's one job beside {sleeping} tenants that sleep"
    return Figure(what, number, "", before, at_most=2)


@contextmanager
def _durable() -> Iterator[Database]:
    """A migrated database of a server that waits for its disk, as in production."""
    data_dir = ROOT / ".local" / f"trial-{os.getpid()}"
    try:
        server = postgres.start(data_dir, free_port())
        with psycopg.connect(server.superuser_url(), autocommit=True) as superuser:
            superuser.execute(PLATFORM.read_text())
        migrate(str(server.socket_dir), server.port, "postgres")
        db = Database(str(server.socket_dir), server.port, "postgres")
        yield db
        db.connection.close()
    finally:
        postgres.stop(data_dir, mode="immediate")
        shutil.rmtree(data_dir, ignore_errors=True)
