"""Jobs as tests use them: a harmless kind, and the protocol called as a worker calls it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
from psycopg.types.json import Jsonb

from tests.database import Database, Row, Session
from tests.patience import PATIENCE_SECONDS

QUEUE = "maintenance"


def make_kind(db: Database, kind: str = "noop", **limits: object) -> str:
    """A kind of job on the maintenance queue, retried at once unless told otherwise.

    It is alone there: a worker's first look would queue the recurring work of the project.
    """
    db.execute("delete from private.schedules where kind <> %s", kind)
    row = {"max_failures": 5, "max_crashes": 3, "backoff_seconds": 0.0} | limits
    db.execute(
        "insert into private.job_kinds (kind, queue, max_failures, max_crashes, backoff_seconds)"
        " values (%s, %s, %s, %s, %s)",
        kind,
        QUEUE,
        *row.values(),
    )
    return kind


def enqueue(
    session: Session,
    kind: str = "noop",
    user_id: uuid.UUID | None = None,
    *,
    key: str | None = None,
    arguments: Mapping[str, object] | None = None,
    delay_seconds: float = 0,
) -> uuid.UUID:
    """The new job's id."""
    job_id: uuid.UUID = session.value(
        "select private.enqueue(%s, %s, null, %s, %s)",
        kind,
        user_id,
        key,
        Jsonb(dict(arguments or {})),
    )
    if delay_seconds:  # as a snooze leaves it
        session.execute(
            "update pgmq.q_jobs set vt = enqueued_at + make_interval(secs => %s)"
            " where message ->> 'job_id' = %s",
            delay_seconds,
            str(job_id),
        )
    return job_id


def claim(db: Database, quantity: int = 1, lease_seconds: int = 30) -> list[Row]:
    """What a worker gets."""
    with db.as_worker() as worker:
        return worker.rows(
            "select msg_id, read_ct, job_id, kind, user_id, product_id, arguments, attempt, steps"
            " from private.claim(%s, %s, %s)",
            QUEUE,
            quantity,
            lease_seconds,
        )


def expect_notifications(db: Database, queue: str = QUEUE) -> None:
    """As an idle worker does: from now on jobs of the queue are told of."""
    db.execute("select private.register_waiting_worker(%s, gen_random_uuid(), '{}')", queue)


def token(job: Row) -> tuple[int, int]:
    """The first two arguments of every statement about a claimed job: its fencing token."""
    return job["msg_id"], job["read_ct"]


def complete(db: Database, *jobs: Row) -> list[int]:
    """The messages that were still held."""
    with db.as_worker() as worker:
        return [
            job["msg_id"]
            for job in jobs
            if worker.value("select private.complete(%s, %s)", *token(job))
        ]


def fail(db: Database, job: Row, code: str = "down", message: str = "Down.") -> None:
    """Ends the job as failed, as a worker does where no retry can help."""
    with db.as_worker() as worker:
        worker.rows("select private.complete(%s, %s, 'failed', %s, %s)", *token(job), code, message)


def end_all(db: Database, user_id: uuid.UUID, status: str, code: str | None = None) -> None:
    """Ends the live jobs of a user, whether claimed or not."""
    db.execute(
        "select private.complete(m.msg_id, m.read_ct, %s, %s, 'Why.')"
        " from private.live_jobs as l join pgmq.q_jobs as m on m.msg_id = l.msg_id"
        " where l.tenant = %s::text",
        *(status, code, user_id),
    )


def expire(db: Database, job: Row) -> None:
    """Lets the job's lease end, as time would."""
    db.execute(
        "update pgmq.q_jobs set vt = now() - interval '1 second' where msg_id = %s",
        job["msg_id"],
    )


def make_due(db: Database) -> None:
    """Lets every delay end, as time would."""
    db.execute("update pgmq.q_jobs set vt = now() - interval '1 second'")


def state(db: Database, job_id: uuid.UUID) -> Row:
    """What the owner would see of it."""
    return db.row(
        "select status, stage, progress, attempt, error_code, error_message from public.jobs"
        " where id = %s",
        job_id,
    )


def leftovers(db: Database) -> Row:
    """What a finished job must not leave behind."""
    return db.row(
        "select (select count(*) from pgmq.q_jobs) as messages,"
        " (select count(*) from private.live_jobs) as live"
    )


def in_background(work: Callable[[], object]) -> Future[object]:
    """Runs `work` in a thread, for what must wait on a lock meanwhile."""
    executor = ThreadPoolExecutor(max_workers=1)
    future = executor.submit(work)
    executor.shutdown(wait=False)
    return future


def wait_until_blocked(db: Database, connection: psycopg.Connection[Row], *kinds: str) -> None:
    """Until that connection waits for a lock of one of these kinds; fails after two minutes.

    Without a kind: for another transaction to end.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if db.value(
            # pg_stat_activity hides what other roles' sessions wait for.
            "select count(*) from pg_locks where pid = %s and locktype = any (%s) and not granted",
            connection.info.backend_pid,
            list(kinds or ("transactionid",)),
        ):
            return
    raise AssertionError("The connection never waited for a lock")
