"""Workers behind a pooler in transaction mode, where a connection is no session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from core.database import async_pool, connect, sync_pool
from tests.database import Database
from tests.jobs import QUEUE, enqueue, expect_notifications, leftovers, make_kind
from tests.patience import PATIENCE_SECONDS
from tests.pgbouncer import needs_pgbouncer, pooling
from workers.engine.handlers import Handler, JobContext
from workers.engine.heartbeat import listen
from workers.engine.runner import Runner

pytestmark = needs_pgbouncer
JOBS = 40


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


async def work(_input: None, context: JobContext) -> None:
    await context.progress("working", 50)


async def load(db: object, _job: object) -> None:
    await db.execute("select 1")


async def save(db: object, _job: object, _output: None) -> None:
    await db.execute("select 2")


async def test_two_workers_do_every_job_and_say_that_they_are_deaf(db: Database):
    for _ in range(JOBS):
        enqueue(db)
    with pooling(db) as pooler, capture_logs() as logs:
        async with (
            async_pool(pooler.url("worker"), application_name="a", max_size=4) as first,
            async_pool(pooler.url("worker"), application_name="b", max_size=4) as second,
        ):
            runners = [
                Runner(
                    pool,
                    pooler.url("worker"),
                    {"noop": Handler(load, work, save)},
                    queues=[QUEUE],
                    concurrency=4,
                    lease_seconds=30,
                )
                for pool in (first, second)
            ]
            tasks = [asyncio.create_task(runner.run()) for runner in runners]
            try:
                await until(lambda: leftovers(db) == {"messages": 0, "live": 0})
                await until(lambda: len(events(logs, "listener_deaf")) == len(runners))
            finally:
                for runner in runners:
                    runner.stop()
                await asyncio.gather(*tasks)
    assert db.rows("select status, attempt, count(*) from public.jobs group by 1, 2") == [
        {"status": "succeeded", "attempt": 1, "count": JOBS}
    ]
    assert events(logs, "claim_failed") == []


def events(logs: list, name: str) -> list:
    return [log for log in logs if log["event"] == name]


def test_nothing_is_prepared_behind_a_pooler_and_everything_without(db: Database):
    with connect(db.url("worker"), application_name="test") as direct:
        assert direct.prepare_threshold is not None
    with pooling(db) as pooler, connect(pooler.url("worker"), application_name="test") as pooled:
        assert pooled.prepare_threshold is None


def test_many_clients_share_few_sessions_without_a_clash(db: Database):
    with (
        pooling(db) as pooler,
        sync_pool(pooler.url("webhook"), application_name="test", max_size=2) as first,
        sync_pool(pooler.url("webhook"), application_name="test", max_size=2) as second,
    ):
        for _ in range(20):
            for pool in (first, second):
                with pool.connection() as one, one.transaction():
                    assert one.execute("select %s::int as n", (1,)).fetchone() == {"n": 1}


async def test_a_pooler_in_session_mode_is_not_deaf(db: Database):
    connected: asyncio.Queue[bool] = asyncio.Queue()
    heard: asyncio.Queue[str] = asyncio.Queue()
    with pooling(db, "session") as pooler:
        task = asyncio.create_task(
            listen(pooler.url("worker"), connected.put_nowait, heard.put_nowait, lambda _: None)
        )
        assert await asyncio.wait_for(connected.get(), PATIENCE_SECONDS) is False
        expect_notifications(db)
        enqueue(db)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == QUEUE
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_others_notes_do_not_make_a_deaf_pooler_hear(db: Database):
    """One session for all clients: each statement meets what the session heard for another one."""
    stop = threading.Event()

    def notify() -> None:
        with connect(db.url("worker"), application_name="test") as connection:
            while not stop.is_set():
                connection.execute("select pg_notify('jobs', 'noop')")

    connected: asyncio.Queue[bool] = asyncio.Queue()
    with pooling(db, size=1) as pooler, ThreadPoolExecutor() as threads:
        notifying = threads.submit(notify)
        listeners = [
            asyncio.create_task(
                listen(pooler.url("worker"), connected.put_nowait, lambda _: None, lambda _: None)
            )
            for _ in range(10)
        ]
        try:
            for _ in listeners:
                assert await asyncio.wait_for(connected.get(), PATIENCE_SECONDS) is True
        finally:
            stop.set()
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)
        notifying.result()
