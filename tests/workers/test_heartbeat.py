"""The heartbeat against a real database: whose lease it renews, and whom it tells to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.proxy import Proxy
from tests.database import Database, Row, make_user
from tests.jobs import claim, enqueue, expire, make_kind
from workers.engine.heartbeat import Heartbeat
from workers.engine.queue import Job

LEASE_SECONDS = 1
DUE_IN = "select extract(epoch from vt - clock_timestamp())::float from pgmq.q_jobs"
DUE_AT = "select extract(epoch from vt)::float from pgmq.q_jobs"
BEATS = "select rows / calls from pg_stat_statements where query like '%private.extend%'"
Halts = list[tuple[Job, str]]


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def held(row: Row) -> Job:
    """A claimed row as the worker holds it."""
    return Job(**row)


@contextmanager
def beating(url: str, *jobs: Job, lease_seconds: int = LEASE_SECONDS) -> Iterator[Halts]:
    halts: Halts = []

    def halt(job: Job, reason: str) -> None:
        if (job, reason) not in halts:  # it may be said more than once
            halts.append((job, reason))

    heartbeat = Heartbeat(url, lease_seconds, held=lambda: list(jobs), halt=halt)
    heartbeat.start()
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            heartbeat.watch()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield halts
    finally:
        is_over.set()
        watching.join()
        heartbeat.stop()


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Waits for what the threads will do; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_lease_lasts_as_long_as_its_job(db: Database):
    enqueue(db)
    [row] = claim(db, lease_seconds=6)
    first_due_at = db.value(DUE_AT)
    with beating(db.url("worker"), held(row), lease_seconds=6) as halts:
        until(lambda: db.value(DUE_AT) > first_due_at + 3)  # more than one beat
        assert claim(db) == []
    assert halts == []


def test_a_job_that_somebody_else_claimed_is_halted_as_lost(db: Database):
    enqueue(db)
    [row] = claim(db)
    expire(db, row)
    claim(db)
    with beating(db.url("worker"), held(row)) as halts:
        until(lambda: halts)
    assert halts == [(held(row), "lost")]


def test_of_two_tries_in_one_worker_the_newer_goes_on(db: Database):
    enqueue(db)
    [older] = claim(db)
    expire(db, older)
    [newer] = claim(db, lease_seconds=5)
    with beating(db.url("worker"), held(newer), held(older), lease_seconds=60) as halts:
        until(lambda: halts)
        until(lambda: db.value(DUE_IN) > 5)
    assert halts == [(held(older), "lost")]


def test_a_job_that_its_user_cancelled_is_halted_even_if_the_notification_was_lost(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    [row] = claim(db)
    with db.as_user(user_id) as user:
        user.execute("select public.cancel_job(%s)", job_id)
    with beating(db.url("worker"), held(row)) as halts:
        until(lambda: halts)
    assert halts == [(held(row), "cancelled")]


def test_a_connection_that_the_server_ended_is_made_anew(db: Database):
    enqueue(db)
    [row] = claim(db, lease_seconds=30)
    with beating(db.url("worker"), held(row)) as halts:
        until(lambda: db.value(DUE_IN) < 2)  # the first beat shortens the lease to its own
        with db.as_superuser() as superuser:
            superuser.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'worker heartbeat' and datname = %s",
                db.name,
            )
        db.execute("update pgmq.q_jobs set vt = now() + interval '30 seconds'")
        until(lambda: db.value(DUE_IN) < 2)
    assert halts == []


def test_a_server_that_never_answers_costs_the_lease_after_its_seconds(db: Database):
    enqueue(db)
    [row] = claim(db)
    proxy = Proxy(Path(db.host) / f".s.PGSQL.{db.port}")
    url = f"postgresql://worker@127.0.0.1:{proxy.port}/{db.name}?sslmode=disable"
    with beating(url, held(row)) as halts:
        until(lambda: db.value(DUE_IN) < 2)
        with proxy.silence():
            until(lambda: halts, seconds=5 * LEASE_SECONDS)
    proxy.close()
    assert halts == [(held(row), "lost")]


def test_a_connection_that_never_answers_is_given_up_for_a_new_one(db: Database):
    enqueue(db)
    [row] = claim(db)
    proxy = Proxy(Path(db.host) / f".s.PGSQL.{db.port}")
    url = f"postgresql://worker@127.0.0.1:{proxy.port}/{db.name}?sslmode=disable"
    with beating(url, held(row)):
        until(lambda: db.value(DUE_IN) < 2)
        proxy.forget()
        db.execute("update pgmq.q_jobs set vt = now() + interval '30 seconds'")
        until(lambda: db.value(DUE_IN) < 2)
    proxy.close()


def test_one_statement_renews_all_leases_of_a_worker(db: Database):
    with db.as_superuser() as superuser:
        superuser.execute("create extension pg_stat_statements")
    for _ in range(50):
        enqueue(db)
    jobs = [held(row) for row in claim(db, quantity=50)]
    with beating(db.url("worker"), *jobs), db.as_superuser() as superuser:
        superuser.rows("select pg_stat_statements_reset()")
        until(lambda: superuser.rows(BEATS))
        assert superuser.value(BEATS) == 50
