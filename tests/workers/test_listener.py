"""The listener against a real database: what wakes the worker, and what it survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.chaos.proxy import Proxy
from tests.database import Database, make_user
from tests.jobs import QUEUE, claim, enqueue, expect_notifications, make_kind
from tests.patience import PATIENCE_SECONDS
from workers.engine.heartbeat import listen

Heard = asyncio.Queue[tuple[str, str | bool]]
CONNECTED = ("connected: is deaf", False)


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Heard]:
    heard: Heard = asyncio.Queue()
    task = asyncio.create_task(
        listen(
            url,
            lambda is_deaf: heard.put_nowait(("connected: is deaf", is_deaf)),
            lambda queue: heard.put_nowait(("queue", queue)),
            lambda job_id: heard.put_nowait(("cancelled", job_id)),
        )
    )
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def next_of(heard: Heard) -> tuple[str, str | bool]:
    return await asyncio.wait_for(heard.get(), PATIENCE_SECONDS)


async def test_whatever_was_missed_before_is_looked_for_once(db: Database):
    async with listening(db.url("worker")) as heard:
        assert await next_of(heard) == CONNECTED


async def test_an_enqueue_names_its_queue(db: Database):
    async with listening(db.url("worker")) as heard:
        await next_of(heard)
        expect_notifications(db)
        enqueue(db)
        assert await next_of(heard) == ("queue", QUEUE)


async def test_a_cancelled_job_is_named(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    claim(db)
    async with listening(db.url("worker")) as heard:
        await next_of(heard)
        with db.as_user(user_id) as user:
            user.execute("select public.cancel_job(%s)", job_id)
        assert await next_of(heard) == ("cancelled", str(job_id))


async def test_after_a_lost_connection_it_listens_again_and_looks_for_what_it_missed(db: Database):
    with capture_logs() as logs:
        async with listening(db.url("worker")) as heard:
            await next_of(heard)
            with db.as_superuser() as superuser:
                ended = superuser.rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'worker listener' and datname = %s",
                    db.name,
                )
            assert len(ended) == 1
            assert await next_of(heard) == CONNECTED
            expect_notifications(db)
            enqueue(db)
            assert await next_of(heard) == ("queue", QUEUE)
    assert [log["event"] for log in logs] == ["listener_lost"]


async def test_a_pooler_that_is_deaf_to_listen_is_reported_and_the_poll_goes_on(db: Database):
    pooler = Proxy(Path(db.host) / f".s.PGSQL.{db.port}", swallow=b"A")  # NotificationResponse
    url = f"postgresql://worker@127.0.0.1:{pooler.port}/{db.name}?sslmode=disable"
    with capture_logs() as logs:
        async with listening(url) as heard:
            assert await next_of(heard) == ("connected: is deaf", True)
    pooler.close()
    assert logs == [
        {
            "event": "listener_deaf",
            "log_level": "error",
            "hint": "Use a direct or session connection; polling goes on.",
        }
    ]
