"""CreatorsCook's own job layer: `private.enqueue` and `workers.engine.runner.Runner`."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg.types.json import Jsonb

from core.database import async_pool
from core.logs import configure
from tests.benchmarks.jobs.systems.system import Work
from tests.benchmarks.jobs.systems.work import WRITE, perform
from tests.benchmarks.jobs.target import Target
from tests.database import MAKE_ACCOUNTS
from tests.server import migrate
from workers.engine.errors import Snooze
from workers.engine.handlers import Handler, JobContext
from workers.engine.queue import Database, Job
from workers.engine.runner import Runner

QUEUE = "scripts"  # the maintenance queue has scheduled jobs of its own
KIND = "benchmark"
_ENQUEUE = "select private.enqueue(%s, null, null, null, %s)"
_ENQUEUE_MANY = """
    select private.enqueue(%s, j.user_id, null, null, jsonb_build_object('number', j.number))
    from unnest(%s::uuid[], %s::integer[]) as j (user_id, number)
"""
# A million single enqueues would take most of a run. Claims meet the same rows.
_FILL = """
    with jobs as materialized (
        select gen_random_uuid() as id, j.*, coalesce(j.user_id::text, 'system') as tenant
        from unnest(%(users)s::uuid[], %(numbers)s::integer[]) as j (user_id, number)
    ), shown as (
        insert into public.jobs (id, user_id, kind) select id, user_id, %(kind)s from jobs
    ), sent as (
        insert into pgmq.q_jobs (message, headers, vt, enqueued_at)
        select jsonb_build_object('job_id', id),
            jsonb_build_object('queue', %(queue)s::text, 'tenant', tenant, 'weight', 1), t, t
        from jobs, clock_timestamp() as t
        returning msg_id, (message ->> 'job_id')::uuid as id
    )
    insert into private.live_jobs (job_id, msg_id, tenant, kind, arguments)
    select id, msg_id, tenant, %(kind)s, jsonb_build_object('number', number)
    from jobs inner join sent using (id)
"""


class Ours:
    """Each job writes its row in the transaction that acknowledges it."""

    login = "postgres"
    users = 0  # whose jobs they are; 0: the system's own
    metrics_call: str | None = "select * from private.queue_metrics()"

    def __init__(self, target: Target) -> None:
        self._target = target
        configure("WARNING", "benchmark")

    async def install(self) -> None:
        target = self._target
        await asyncio.to_thread(migrate, target.socket_dir, target.port, target.database)
        async with await self._connect("postgres") as db:
            await db.execute(
                "insert into private.job_kinds (kind, queue) values (%s, %s)", (KIND, QUEUE)
            )
            names = ("crowd", "newcomer", *map(str, range(self.users)))
            await db.execute(MAKE_ACCOUNTS, ([_user(name) for name in names],))

    async def add(self, db: psycopg.AsyncConnection, number: int) -> None:
        await db.execute(_ENQUEUE, (KIND, Jsonb({"number": number})))

    async def add_many(self, db: psycopg.AsyncConnection, numbers: Sequence[int]) -> None:
        await db.execute(_ENQUEUE_MANY, (KIND, self._users(numbers), list(numbers)))

    async def fill(self, db: psycopg.AsyncConnection, numbers: Sequence[int]) -> None:
        """As `add_many`, past the protocol: for backlogs that only have to be there."""
        rows = {"users": self._users(numbers), "numbers": list(numbers)}
        await db.execute(_FILL, rows | {"kind": KIND, "queue": QUEUE})

    def _users(self, numbers: Sequence[int]) -> list[uuid.UUID | None]:
        return [_user(str(number % self.users)) if self.users else None for number in numbers]

    async def postpone(self, db: psycopg.AsyncConnection, seconds: int) -> None:
        await db.execute(
            "update pgmq.q_jobs set vt = now() + make_interval(secs => %s)", (seconds,)
        )

    async def lease(self, db: psycopg.AsyncConnection) -> None:
        await db.execute("update pgmq.q_jobs set read_ct = 1 where read_ct = 0")

    async def add_for(self, db: psycopg.AsyncConnection, number: int) -> uuid.UUID:
        """Adds a job of the system; its id."""
        rows = await db.execute(_ENQUEUE, (KIND, Jsonb({"number": number})))
        [job_id] = await rows.fetchone() or ()
        return job_id

    async def add_many_of(
        self, db: psycopg.AsyncConnection, user: str, numbers: Sequence[int]
    ) -> None:
        """Adds jobs of one user."""
        users = [_user(user)] * len(numbers)
        await db.execute(_ENQUEUE_MANY, (KIND, users, list(numbers)))

    @asynccontextmanager
    async def worker(self, work: Work, concurrency: int) -> AsyncIterator[float]:
        started_at = time.monotonic()
        async with self._running(self._handler(work), concurrency):
            yield started_at

    @asynccontextmanager
    async def snoozing_worker(self, work: Work, concurrency: int) -> AsyncIterator[Runner]:
        """One whose jobs snooze at first, and work when they are woken."""
        snoozed = set()

        async def do(_input: None, context: JobContext) -> None:
            number = context.job.arguments["number"]
            if number not in snoozed:
                snoozed.add(number)
                raise Snooze("waiting", 3600)
            await perform(work, number)

        async with self._running(Handler(load=None, work=do, save=None), concurrency) as runner:
            yield runner

    @asynccontextmanager
    async def _running(
        self, handler: Handler[None, None], concurrency: int
    ) -> AsyncIterator[Runner]:
        url = self._target.url("worker")
        size = min(concurrency, 8) + 2  # as `python -m workers` has it
        async with async_pool(url, application_name="benchmark", max_size=size) as pool:
            runner = Runner(
                pool,
                url,
                {KIND: handler},
                queues=[QUEUE],
                concurrency=concurrency,
                lease_seconds=30,
            )
            task = asyncio.create_task(runner.run())
            try:
                yield runner
            finally:
                runner.stop()
                await task

    async def unfinished(self) -> int:
        async with await self._connect("postgres") as db:
            cursor = await db.execute(
                "select count(*) from private.live_jobs where kind = %s", (KIND,)
            )
            [count] = await cursor.fetchone() or (0,)
            return int(count)

    @asynccontextmanager
    async def claims(self) -> AsyncIterator[_Claims]:
        async with await self._connect("worker") as db:
            yield _Claims(db)

    async def _connect(self, login: str) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._target.url(login), autocommit=True)

    def _handler(self, work: Work) -> Handler[None, None]:
        async def do(_input: None, context: JobContext) -> None:
            await perform(work, context.job.arguments["number"])

        async def save(db: Database, job: Job, _output: None) -> None:
            await db.execute(WRITE, (job.arguments["number"],))

        is_writing = work.kind == "result"
        return Handler(None, do, save if is_writing else None, timeout_seconds=60)


class OursOfManyUsers(Ours):
    """The same, each of a thousand users having a part of the jobs: tenants take turns."""

    users = 1000


def _user(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, name)


class _Claims:
    """Claims as a worker does: the cursor says whose turn is next."""

    usual = 10

    def __init__(self, db: psycopg.AsyncConnection) -> None:
        self._db = db
        self._cursor: str | None = None

    async def take(self, quantity: int, lease_seconds: int) -> int:
        rows = await self._db.execute(
            "select cursor::text from private.claim(%s, %s, %s, %s)",
            (QUEUE, quantity, lease_seconds, self._cursor),
        )
        cursors = await rows.fetchall()
        if cursors:
            self._cursor = str(cursors[-1][0])
        return len(cursors)
