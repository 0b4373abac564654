"""The job protocol as Python calls: one function of `private` each, nothing decided here.

Fencing: every call names (msg_id, read_ct); when the lease is gone it raises LostLease.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from workers.engine.errors import LostLease

Row = dict[str, object]
Database = AsyncConnection[Row]
Pool = AsyncConnectionPool[Database]

_TURN_CONNECTION_SECONDS = 2


class Job(NamedTuple):
    """A leased job. (msg_id, read_ct) is its fencing token: it changes with every claim."""

    queue: str
    msg_id: int
    read_ct: int
    job_id: UUID
    kind: str
    user_id: UUID | None
    product_id: UUID | None
    arguments: Mapping[str, Any]
    attempt: int
    steps: dict[str, Any] | None  # that earlier tries have saved

    @property
    def token(self) -> tuple[str, int, int]:
        """What every statement about the job starts with."""
        return self[:3]


_TURN = """
select
    %s, msg_id, read_ct, job_id, kind, user_id, product_id, arguments, attempt, steps, cursor
from private.claim(%s, %s, %s, %s, %s, %s::bigint[], %s::integer[], %s)
"""


async def turn(
    pool: Pool,
    queue: str,
    done: Sequence[Job],
    *,
    quantity: int,
    lease_seconds: int,
    cursor: str,
    busy_lanes: Iterable[UUID | None] = (),
    worker: UUID | None = None,
) -> tuple[list[Job], str]:
    """Acknowledges `done` jobs that are still ours, leases up to `quantity` due ones.

    Returns these and the next turn's cursor: it says whose turn is next. Waits briefly for a
    connection, because each call tries the server anew. A `worker` that gets none is notified of
    jobs from then on, and must look again soon.
    """
    lanes = ["system" if user_id is None else str(user_id) for user_id in busy_lanes]
    async with (
        pool.connection(timeout=_TURN_CONNECTION_SECONDS) as db,
        db.cursor(row_factory=tuple_row, binary=True) as rows,
    ):
        await rows.execute(
            _TURN, (queue, queue, quantity, lease_seconds, cursor, lanes, *_tokens(done), worker)
        )
        found = await rows.fetchall()
    return [Job(*row[:10]) for row in found], found[-1][10] if found else cursor


_COMPLETE = "select private.complete(%s, array[%s::bigint], array[%s::integer], %s, %s, %s)"


@asynccontextmanager
async def completing(pool: Pool, job: Job) -> AsyncIterator[Database]:
    """A transaction that saves a job's results and acknowledges it at its end: both or neither.

    It begins with the first statement; without any, acknowledging takes one round trip, not three.
    """
    async with pool.connection() as db:
        await db.set_autocommit(False)
        try:
            async with db:
                yield db
                if db.info.transaction_status is TransactionStatus.IDLE:
                    await db.set_autocommit(True)
                await _value(db, _COMPLETE, job, "succeeded", None, None)
        finally:
            if not (db.closed or db.autocommit):
                await db.set_autocommit(True)


async def retry(
    pool: Pool, job: Job, code: str, message: str, after_seconds: float | None = None
) -> str:
    """Counts a failure; "queued" when it will be tried again, "failed" when that was the last."""
    statement = "select private.retry(%s, %s, %s, %s, %s, %s)"
    return str(await call(pool, job, statement, code, message, after_seconds))


async def end(
    pool: Pool, job: Job, outcome: str, code: str | None = None, message: str | None = None
) -> None:
    """Ends the job: "cancelled" by its user, or "failed" with a code and a sentence for them."""
    await call(pool, job, _COMPLETE, outcome, code, message)


async def snooze(pool: Pool, job: Job, delay_seconds: float, stage: str) -> None:
    """Parks the job until the delay ends or somebody wakes it."""
    await call(pool, job, "select private.snooze(%s, %s, %s, %s, %s)", delay_seconds, stage)


_RELEASE = """
select private.snooze(t.queue, t.msg_id, t.read_ct, 0, 'queued', 'queued')
from unnest(%s::text[], %s::bigint[], %s::integer[]) as t (queue, msg_id, read_ct)
"""


async def release(pool: Pool, jobs: Sequence[Job]) -> None:
    """Hands jobs back at shutdown; a lost one is somebody else's already."""
    async with pool.connection() as db:
        await db.execute(_RELEASE, ([job.queue for job in jobs], *_tokens(jobs)))


async def fire_schedules(pool: Pool) -> None:
    """Queues the recurring work that is due."""
    async with pool.connection() as db:
        await db.execute("select private.fire_schedules()")


async def call(pool: Pool, job: Job, statement: str, *arguments: object) -> Any:
    """Calls a function with the job's token and these."""
    async with pool.connection() as db:
        return await _value(db, statement, job, *arguments)


async def _value(db: Database, statement: str, job: Job, *arguments: object) -> Any:
    """What it returns; nothing and null say that the lease is lost."""
    row = await (await db.execute(statement, (*job.token, *arguments))).fetchone()
    value = next(iter(row.values())) if row else None
    if value is None:
        raise LostLease
    return value


def _tokens(jobs: Sequence[Job]) -> tuple[str, str]:
    """Their msg_ids and read_cts as array literals: one statement, whatever the numbers' size."""
    return (
        f"{{{','.join([str(job.msg_id) for job in jobs])}}}",
        f"{{{','.join([str(job.read_ct) for job in jobs])}}}",
    )
