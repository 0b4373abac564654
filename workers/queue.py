"""The job protocol as Python calls: one function of `private` each, nothing decided here.

Fencing: every call names (msg_id, read_ct); when the lease is gone it raises LostLease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from workers.errors import LostLease

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

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

    @property
    def token(self) -> tuple[str, int, int]:
        """What every statement about the job starts with."""
        return self[:3]


_TURN = """
select
    %s, msg_id, read_ct, job_id, kind, user_id, product_id, arguments, attempt, cursor
from private.claim(%s, %s, %s, %s, %s, %s::bigint[], %s::integer[])
"""


class Turn(NamedTuple):
    """What a turn at a queue gave; `cursor` says whose turn is next."""

    claimed: list[Job]
    cursor: str


_END = "select private.complete(%s, array[%s::bigint], array[%s::integer], %s, %s, %s)"


async def turn(
    pool: Pool,
    queue: str,
    done: Sequence[Job],
    *,
    quantity: int,
    lease_seconds: int,
    cursor: str,
    busy_lanes: Iterable[UUID | None] = (),
) -> Turn:
    """Acknowledges `done` jobs that are still ours, leases up to `quantity` due ones.

    Waits briefly for a connection, because each call tries the server anew.
    """
    lanes = ["system" if user_id is None else str(user_id) for user_id in busy_lanes]
    async with (
        pool.connection(timeout=_TURN_CONNECTION_SECONDS) as db,
        db.cursor(row_factory=tuple_row, binary=True) as rows,
    ):
        await rows.execute(
            _TURN, (queue, queue, quantity, lease_seconds, cursor, lanes, *_tokens(done))
        )
        found = await rows.fetchall()
    return Turn([Job(*row[:9]) for row in found], found[-1][9] if found else cursor)


async def complete(db: Database, job: Job) -> None:
    """Acknowledges success, in the caller's transaction."""
    cursor = await db.execute(
        "select * from private.complete(%s, array[%s::bigint], array[%s::integer])", job.token
    )
    _require(await cursor.fetchone() is not None)


async def retry(
    pool: Pool, job: Job, code: str, message: str, after_seconds: float | None = None
) -> str:
    """Counts a failure; "queued" when it will be tried again, "failed" when that was the last."""
    outcome = await _value(
        pool,
        "select private.retry(%s, %s, %s, %s, %s, %s)",
        (*job.token, code, message, after_seconds),
    )
    _require(outcome != "lost")
    return str(outcome)


async def fail(pool: Pool, job: Job, code: str, message: str) -> None:
    """Ends the job with a code and a sentence for the user."""
    _require(await _value(pool, _END, (*job.token, "failed", code, message)))


async def acknowledge_cancel(pool: Pool, job: Job) -> None:
    """Ends a job whose user cancelled it."""
    _require(await _value(pool, _END, (*job.token, "cancelled", None, None)))


async def snooze(pool: Pool, job: Job, delay_seconds: float, stage: str) -> None:
    """Parks the job until the delay ends or somebody wakes it."""
    _require(
        await _value(
            pool, "select private.snooze(%s, %s, %s, %s, %s)", (*job.token, delay_seconds, stage)
        )
    )


_RELEASE = """
select count(private.snooze(%s, t.msg_id, t.read_ct, 0, 'queued', 'queued'))
from unnest(%s::bigint[], %s::integer[]) as t (msg_id, read_ct)
"""


async def release(pool: Pool, jobs: Sequence[Job]) -> None:
    """Hands jobs back at shutdown; a lost one is somebody else's already."""
    for queue in sorted({job.queue for job in jobs}):
        held = [job for job in jobs if job.queue == queue]
        await _value(
            pool,
            _RELEASE,
            (queue, *_tokens(held)),
        )


async def progress(pool: Pool, job: Job, stage: str, percent: int) -> None:
    """Shows the owner what the job does now."""
    _require(
        await _value(
            pool, "select private.progress(%s, %s, %s, %s, %s)", (*job.token, stage, percent)
        )
    )


async def acquire(pool: Pool, job: Job, limit: str) -> float:
    """Takes a permit of a shared limit: 0; otherwise the seconds after which to ask again."""
    wait_seconds = await _value(pool, "select private.acquire(%s, %s, %s, %s)", (*job.token, limit))
    if wait_seconds is None:
        raise LostLease
    return float(str(wait_seconds))


async def expect_apify_run(pool: Pool, job: Job, secret_hash: bytes) -> str:
    """Prepares the webhook of a run that the job is about to start; its id."""
    webhook_id = await _value(
        pool, "select private.expect_apify_run(%s, %s, %s, %s)", (*job.token, secret_hash)
    )
    _require(webhook_id)
    return str(webhook_id)


async def fire_schedules(pool: Pool) -> int:
    """Queues the recurring work that is due; how many jobs that were."""
    return int(str(await _value(pool, "select private.fire_schedules()", ())))


async def prune_jobs(pool: Pool) -> int:
    """Deletes a batch of old, ended jobs; how many."""
    return int(str(await _value(pool, "select private.prune_jobs()", ())))


async def steps(pool: Pool, job: Job) -> dict[str, Any]:
    """What earlier tries have saved, by name."""
    async with pool.connection() as db:
        cursor = await db.execute("select * from private.steps(%s)", (job.job_id,))
        return {str(row["name"]): row["result"] async for row in cursor}


async def save_step(pool: Pool, job: Job, name: str, result: object) -> None:
    """Remembers what must not be paid for twice. Derived data only."""
    _require(
        await _value(
            pool,
            "select private.save_step(%s, %s, %s, %s, %s)",
            (*job.token, name, Jsonb(result)),
        )
    )


async def _value(pool: Pool, statement: str, arguments: tuple[object, ...]) -> object:
    async with pool.connection() as db:
        row = await (await db.execute(statement, arguments)).fetchone()
    return next(iter(row.values())) if row else None


def _require(held: object) -> None:
    if not held:
        raise LostLease


def _tokens(jobs: Sequence[Job]) -> tuple[str, str]:
    """Their msg_ids and read_cts as array literals: one statement, whatever the numbers' size."""
    return (
        f"{{{','.join([str(job.msg_id) for job in jobs])}}}",
        f"{{{','.join([str(job.read_ct) for job in jobs])}}}",
    )
