"""The job protocol as Python calls: one function of `private` each, nothing decided here.

Every call about a job names its fencing token, (msg_id, read_ct). It raises LostLease when another
worker holds the job now.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from core import tracing
from core.database import Row
from workers.engine.errors import LostLease

Database = AsyncConnection[Row]
Pool = AsyncConnectionPool[Database]

_CLAIM_CONNECTION_SECONDS = 2


class Job(NamedTuple):
    """A leased job, with its fencing token (msg_id, read_ct)."""

    msg_id: int
    read_ct: int
    job_id: UUID
    kind: str
    user_id: UUID | None
    product_id: UUID | None
    arguments: Mapping[str, Any]
    attempt: int
    steps: dict[str, Any] | None  # what earlier attempts have saved
    trace: str | None = None  # the traceparent of the request that added it
    created_at: datetime | None = None

    @property
    def token(self) -> tuple[int, int]:
        """What every statement about the job starts with."""
        return self[:2]


_CLAIM = """
select
    msg_id, read_ct, job_id, kind, user_id, product_id, arguments, attempt, steps, trace,
    created_at, cursor::text
from private.claim(%s, %s, %s, %s, %s, %s)
"""


async def claim(
    pool: Pool,
    queue: str,
    *,
    quantity: int,
    lease_seconds: int,
    cursor: str | None = None,
    busy_tenants: Iterable[UUID | None] = (),
    worker: UUID | None = None,
) -> tuple[list[Job], str | None]:
    """Leases up to `quantity` due jobs; returns them and the cursor of the next claim.

    `busy_tenants` get nothing. A `worker` that gets nothing is notified of jobs from then on, and
    must look again soon. Waits only briefly for a connection: each call tries the server anew.
    """
    tenants = ["system" if user_id is None else str(user_id) for user_id in busy_tenants]
    async with (
        pool.connection(timeout=_CLAIM_CONNECTION_SECONDS) as db,
        db.cursor(row_factory=tuple_row, binary=True) as rows,
    ):
        await rows.execute(_CLAIM, (queue, quantity, lease_seconds, cursor, tenants, worker))
        found = await rows.fetchall()
    return [Job(*row[:-1]) for row in found], found[-1][-1] if found else cursor


_COMPLETE = "select private.complete(%s, %s, %s, %s, %s)"


@asynccontextmanager
async def completing(pool: Pool, job: Job) -> AsyncIterator[Database]:
    """A transaction that saves a job's results and acknowledges it at its end: both or neither."""
    async with pool.connection() as db, db.transaction():
        yield db
        await _value(db, _COMPLETE, job, "succeeded", None, None)


async def end(
    pool: Pool, job: Job, outcome: str, code: str | None = None, message: str | None = None
) -> None:
    """Ends the job: succeeded without results, cancelled, or failed with a code and a sentence."""
    await call(pool, job, _COMPLETE, outcome, code, message)


async def retry(
    pool: Pool, job: Job, code: str, message: str, after_seconds: float | None = None
) -> str:
    """Counts a failure; "queued" when it will be tried again, "failed" when that was the last."""
    statement = "select private.retry(%s, %s, %s, %s, %s)"
    return str(await call(pool, job, statement, code, message, after_seconds))


async def snooze(pool: Pool, job: Job, delay_seconds: float, stage: str) -> None:
    """Gives the job back until the delay ends or somebody wakes it."""
    await call(pool, job, "select private.snooze(%s, %s, %s, %s)", delay_seconds, stage)


_RELEASE = """
select private.snooze(t.msg_id, t.read_ct, 0, 'queued', 'queued')
from unnest(%s::bigint[], %s::integer[]) as t (msg_id, read_ct)
"""


async def release(pool: Pool, jobs: Sequence[Job]) -> None:
    """Hands jobs back, due at once. One that was lost is another worker's already."""
    async with pool.connection() as db:
        await db.execute(_RELEASE, ([job.msg_id for job in jobs], [job.read_ct for job in jobs]))


async def fire_schedules(pool: Pool) -> None:
    """Queues the recurring work that is due."""
    async with pool.connection() as db:
        await db.execute("select private.fire_schedules()")


async def call(pool: Pool, job: Job, statement: str, *arguments: object) -> Any:
    """Calls a function with the job's token and these arguments; returns its value."""
    with tracing.span(tracing.function_of(statement), kind="client", db__system="postgresql"):
        async with pool.connection() as db:
            return await _value(db, statement, job, *arguments)


async def _value(db: Database, statement: str, job: Job, *arguments: object) -> Any:
    row = await (await db.execute(statement, (*job.token, *arguments))).fetchone()
    value = next(iter(row.values())) if row else None
    if value is None:  # so says the protocol that the lease was lost
        raise LostLease
    return value
