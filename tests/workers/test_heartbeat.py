"""The heartbeat against a real database: whose lease it renews, and whom it tells to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.proxy import Proxy
from tests.database import Database, Row, make_user
from tests.jobs import claim, enqueue, expire, make_kind
from tests.patience import PATIENCE_SECONDS
from workers.engine.heartbeat import Heartbeat
from workers.engine.queue import Job

SHORT_SECONDS = 1  # of a lease that is lost; none of the others may be, however busy the machine
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


@dataclass
class Beating:
    """A heartbeat, what it halted, and when the last watch began that found nothing to halt."""

    heartbeat: Heartbeat
    halts: Halts
    quiet_at: float = 0.0

    def nudged(self, condition: Callable[[], object]) -> None:
        """Waits for that with many beats, as a busy machine makes them late."""

        def is_true() -> object:
            self.heartbeat.beat_every(PATIENCE_SECONDS)
            return condition()

        until(is_true)


@contextmanager
def beating(url: str, *jobs: Job, lease_seconds: int = PATIENCE_SECONDS) -> Iterator[Beating]:
    halts: Halts = []

    def halt(job: Job, reason: str) -> None:
        if (job, reason) not in halts:  # it may be said more than once
            halts.append((job, reason))

    heartbeat = Heartbeat(url, lease_seconds, held=lambda: list(jobs), halt=halt)
    beats = Beating(heartbeat, halts)
    heartbeat.start()
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            began_at = time.monotonic()
            heartbeat.watch()
            if not halts:
                beats.quiet_at = began_at

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield beats
    finally:
        is_over.set()
        watching.join()
        heartbeat.stop()


def until(condition: Callable[[], object]) -> None:
    """Waits for what the threads will do; a hung one fails."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_lease_lasts_as_long_as_its_job(db: Database):
    enqueue(db)
    [row] = claim(db, lease_seconds=6)
    first_due_at = db.value(DUE_AT)
    with beating(db.url("worker"), held(row), lease_seconds=6) as beats:
        until(lambda: db.value(DUE_AT) > first_due_at + 3)  # more than one beat
        assert claim(db) == []
    assert beats.halts == []


def test_a_job_that_somebody_else_claimed_is_halted_as_lost(db: Database):
    enqueue(db)
    [row] = claim(db)
    expire(db, row)
    claim(db)
    with beating(db.url("worker"), held(row)) as beats:
        until(lambda: beats.halts)
    assert beats.halts == [(held(row), "lost")]


def test_of_two_tries_in_one_worker_the_newer_goes_on(db: Database):
    enqueue(db)
    [older] = claim(db)
    expire(db, older)
    [newer] = claim(db, lease_seconds=5)
    with beating(db.url("worker"), held(newer), held(older)) as beats:
        until(lambda: beats.halts)
        until(lambda: db.value(DUE_IN) > 5)
    assert beats.halts == [(held(older), "lost")]


def test_a_job_that_its_user_cancelled_is_halted_even_if_the_notification_was_lost(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    [row] = claim(db)
    with db.as_user(user_id) as user:
        user.execute("select public.cancel_job(%s)", job_id)
    with beating(db.url("worker"), held(row)) as beats:
        until(lambda: beats.halts)
    assert beats.halts == [(held(row), "cancelled")]


def test_a_connection_that_the_server_ended_is_made_anew(db: Database):
    enqueue(db)
    [row] = claim(db, lease_seconds=30)
    with beating(db.url("worker"), held(row)) as beats:
        until(lambda: db.value(DUE_IN) > 60)  # the first beat makes the lease its own
        with db.as_superuser() as superuser:
            superuser.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'worker heartbeat' and datname = %s",
                db.name,
            )
        db.execute("update pgmq.q_jobs set vt = now() + interval '30 seconds'")
        beats.nudged(lambda: db.value(DUE_IN) > 60)
    assert beats.halts == []


def test_a_server_that_never_answers_costs_the_lease_after_its_seconds(db: Database):
    enqueue(db)
    [row] = claim(db)
    proxy = Proxy(Path(db.host) / f".s.PGSQL.{db.port}")
    url = f"postgresql://worker@127.0.0.1:{proxy.port}/{db.name}?sslmode=disable"
    with beating(url, held(row), lease_seconds=SHORT_SECONDS) as beats:
        until(lambda: db.value(DUE_IN) < 2)
        with proxy.silence():
            silent_at = time.monotonic()
            until(lambda: beats.halts)
    proxy.close()
    # The first watch that begins later than that halts it, whenever the machine comes to it.
    assert beats.quiet_at <= silent_at + SHORT_SECONDS
    assert beats.halts == [(held(row), "lost")]


def test_a_connection_that_never_answers_is_given_up_for_a_new_one(db: Database):
    enqueue(db)
    [row] = claim(db)
    proxy = Proxy(Path(db.host) / f".s.PGSQL.{db.port}")
    url = f"postgresql://worker@127.0.0.1:{proxy.port}/{db.name}?sslmode=disable"
    with beating(url, held(row), lease_seconds=SHORT_SECONDS):
        until(lambda: db.value(DUE_IN) < 2)
        proxy.forget()
        db.execute("update pgmq.q_jobs set vt = now() + interval '1 hour'")
        until(lambda: db.value(DUE_IN) < 2)
    proxy.close()


def test_one_statement_renews_all_leases_of_a_worker(db: Database):
    with db.as_superuser() as superuser:
        superuser.execute("create extension pg_stat_statements")
    for _ in range(50):
        enqueue(db)
    jobs = [held(row) for row in claim(db, quantity=50)]
    with beating(db.url("worker"), *jobs) as beats, db.as_superuser() as superuser:
        superuser.rows("select pg_stat_statements_reset()")
        beats.nudged(lambda: superuser.rows(BEATS))
        assert superuser.value(BEATS) == 50
