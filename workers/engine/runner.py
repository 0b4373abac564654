"""Runs claimed jobs side by side: claim, perform, outcome. Knows nothing of what a job does.

The prefetch buffer says whose job begins next and how many more to claim. It does no I/O.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

import psycopg
import structlog

from core import tracing
from workers.engine import metrics
from workers.engine import queue as protocol
from workers.engine.errors import LostLease, Reject, Retry, Snooze
from workers.engine.handlers import Handler, JobContext
from workers.engine.heartbeat import Heartbeat, listen
from workers.engine.queue import Job, Pool

_log = structlog.get_logger()

Tenant = UUID | None  # the account whose work it is; None: the system

_PREFETCH_SECONDS = 0.05
_MAX_PREFETCHED_PER_SLOT = 16
# A larger claim leaves slots idle while it runs, and costs more a job.
_MAX_CLAIM = 100
_RATE_SECONDS = 0.01  # the completion rate is measured over at least as long
# With fewer slots, one that is kept free would be too large a part of them.
_SLOTS_TO_KEEP_SOME_FREE = 4
_POLL_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.01  # the first pause; it doubles with each look, up to the poll
_RECONNECT_SECONDS = 0.5
_SCHEDULE_SECONDS = 10.0
_WATCH_SECONDS = 0.25  # how late a deadline may be noticed
_PATIENCE_SECONDS = 1.0  # how long a claimed job may wait for a slot that another worker may have
_CANCEL_AGAIN_SECONDS = 1.0  # a cancelled task may be cleaning up: not at every look
_UNKNOWN_SECONDS = 30.0  # how long a kind that this worker does not know is left to newer ones
_BUG = ("internal_error", "Something went wrong on our side. It is not your doing.")
_TIMEOUT = ("timed_out", "This took longer than it should.")

Reason = Literal["lost", "cancelled", "shutdown", "timed_out"]
Token = tuple[int, int]


class PrefetchBuffer:
    """Claimed jobs that wait for one of `slots` slots. Tenants take turns, as in the queue.

    The last free slots are kept for tenants of which nothing runs: beside thousands of jobs of one
    tenant, another one's first job begins at once. New tenants arrive at random, so the number kept
    is the square root of the slots: 3 of 10, 10 of 100.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._kept = math.isqrt(slots) if slots >= _SLOTS_TO_KEEP_SOME_FREE else 0
        self._waiting: dict[Tenant, deque[tuple[Job, float]]] = {}  # in the order of their turns
        self._running: Counter[Tenant] = Counter()
        self.waiting = 0
        self.running = 0
        self._prefetch = 0  # how many jobs to hold beyond those that have slots
        self._ended = 0  # since the rate was measured last
        self._measured_at = 0.0

    def put(self, job: Job, now: float) -> None:
        """A claimed job waits for a slot."""
        self._waiting.setdefault(job.user_id, deque()).append((job, now))
        self.waiting += 1

    def take(self) -> Job | None:
        """The job that begins now; None while there is none that may."""
        free = self._slots - self.running
        if free <= 0:
            return None
        for tenant in self._waiting:
            if free > self._kept or tenant not in self._running:
                break
        else:
            return None
        jobs = self._waiting.pop(tenant)
        job, _ = jobs.popleft()
        if jobs:
            self._waiting[tenant] = jobs  # behind the others
        self.waiting -= 1
        self.running += 1
        self._running[tenant] += 1
        return job

    def end(self, job: Job) -> None:
        """A running job has ended, however."""
        self.running -= 1
        self._ended += 1
        self._running[job.user_id] -= 1
        if not self._running[job.user_id]:
            del self._running[job.user_id]

    def clear(self) -> list[Job]:
        """Takes out all jobs that wait."""
        jobs = [job for waiting in self._waiting.values() for job, _ in waiting]
        self._waiting.clear()
        self.waiting = 0
        return jobs

    def longest_wait(self, now: float) -> float:
        """Seconds that the longest waiting job has waited; 0 without one."""
        return max((now - jobs[0][1] for jobs in self._waiting.values()), default=0.0)

    @property
    def busy_tenants(self) -> list[Tenant]:
        """Tenants that must leave the last free slots to others."""
        return list(self._running) if self._kept else []

    @property
    def is_open_to_new_tenants(self) -> bool:
        """Whether a job of a tenant of which nothing runs could begin now."""
        return self._kept > 0 and self.running < self._slots

    @property
    def is_ample(self) -> bool:
        """Whether what waits keeps the slots busy for a while."""
        return self.waiting > self._prefetch // 2 and self.running >= self._slots - self._kept

    def room(self, now: float) -> int:
        """How many more jobs to claim: one per free slot, and those to prefetch.

        Prefetches as many jobs as will start within 50 ms at the recent completion rate.
        """
        elapsed = now - self._measured_at
        if elapsed >= _RATE_SECONDS:
            soon = int(self._ended / elapsed * _PREFETCH_SECONDS)
            soon = min(soon, _MAX_PREFETCHED_PER_SLOT * self._slots)
            # It grows slowly, so that one fast moment does not fill the buffer.
            self._prefetch = min(soon, (self._prefetch + soon + 1) // 2)
            self._ended, self._measured_at = 0, now
        room = self._slots - self._kept + self._prefetch - self.running - self.waiting
        return min(room, _MAX_CLAIM)


@dataclass(slots=True)
class _Held:
    """A leased job: it runs, or waits for a slot."""

    job: Job
    task: asyncio.Task[None] | None = None  # None while it waits
    has_begun: bool = False  # before its first step, a cancelled task would run no `finally`
    is_ending: bool = False  # its outcome is being recorded, which nothing may stop
    deadline: float = float("inf")
    stopped_because: Reason | None = None
    cancelled_at: float = 0.0


@dataclass(slots=True)
class _Queue:
    """What this worker knows of a queue."""

    name: str
    cursor: str | None = None  # of the next claim
    has_work: bool = True  # jobs may be due
    has_new_tenant: bool = True  # … and some of a tenant of which nothing runs here
    look_at: float = 0.0  # when to look without being told
    pause: float = _LOOK_AGAIN_SECONDS  # before look_at

    def look(self) -> None:
        """The next claim may find something."""
        self.has_work = self.has_new_tenant = True

    def look_after(self, now: float, pause: float) -> None:
        """Looks again after the pause, or with the poll."""
        self.pause = min(pause, _POLL_SECONDS)
        self.look_at = now + _jittered(self.pause)


class Runner:
    """A worker process: up to `concurrency` jobs of `queues` at once, until `stop()`."""

    def __init__(
        self,
        pool: Pool,
        url: str,
        handlers: Mapping[str, Handler[Any, Any]],
        *,
        queues: Sequence[str],
        concurrency: int,
        lease_seconds: int,
    ) -> None:
        self._pool = pool
        self._url = url
        self._handlers = handlers
        self._queues = {name: _Queue(name) for name in queues}
        self._lease_seconds = lease_seconds
        self._buffer = PrefetchBuffer(concurrency)
        # Jobs at the database. Two connections stay for claims and outcomes; and to wait here costs
        # a part of what the pool's own queue does.
        self._at_database = asyncio.Semaphore(max(pool.max_size - 2, 1))
        self._held: dict[Token, _Held] = {}
        self._name = uuid.uuid4()
        self._awake = asyncio.Event()
        self._stopping = False
        self._is_deaf = False
        self._heartbeat = Heartbeat(
            url,
            lease_seconds,
            held=lambda: [held.job for held in list(self._held.values())],
            halt=lambda job, why: self._loop.call_soon_threadsafe(self._halt, job.token, why),
        )
        metrics.prepare(handlers)
        metrics.RUNNING.set_function(lambda: self.running)

    async def run(self) -> None:
        """Works until `stop()`; then finishes or hands back what it holds."""
        self._loop = asyncio.get_running_loop()
        self._heartbeat.start()
        helpers = [
            asyncio.create_task(listen(self._url, self._connected, self._hear, self._cancel_by_id)),
            asyncio.create_task(self._fire_schedules()),
            asyncio.create_task(self._watch_clock()),
            asyncio.create_task(self._watch_buffer()),
        ]
        try:
            turns = list(self._queues.values())
            while not self._stopping:
                await self._wait_until_claims_are_due()
                for queue in turns:
                    await self._claim(queue)
                turns.append(turns.pop(0))  # the next round starts with another queue
        finally:
            await self._drain()
            for helper in helpers:
                helper.cancel()
            await asyncio.to_thread(self._heartbeat.stop)

    @property
    def running(self) -> int:
        """How many jobs have a slot now."""
        return self._buffer.running

    def stop(self) -> None:
        """Asks the worker to end: no further claims, running jobs get a part of their lease."""
        self._stopping = True
        self._awake.set()

    # Claiming

    async def _wait_until_claims_are_due(self) -> None:
        self._awake.clear()
        queues = self._queues.values()
        if not any(self._wanted(queue)[0] for queue in queues):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(queue.look_at for queue in queues)):
                    await self._awake.wait()
        # By the clock, not by idleness: nobody notifies of a lease or a delay that ends.
        now = self._loop.time()
        for queue in queues:
            if now >= queue.look_at:
                queue.look()
                queue.look_after(now, queue.pause * 2)

    def _wanted(self, queue: _Queue) -> tuple[int, Iterable[Tenant]]:
        """How many jobs to claim, and whose not: what there is room for, else one of a new tenant.

        Behind a buffer that is ample, the next claim will bring more at once.
        """
        if self._stopping or not queue.has_work:
            return 0, ()
        room = 0 if self._buffer.is_ample else self._buffer.room(self._loop.time())
        if room > 0:
            return room, ()
        is_for_new_tenant = queue.has_new_tenant and self._buffer.is_open_to_new_tenants
        return int(is_for_new_tenant), self._buffer.busy_tenants

    async def _claim(self, queue: _Queue) -> None:
        quantity, busy_tenants = self._wanted(queue)
        if not quantity:
            return
        # Before asking: a notification meanwhile must count.
        queue.has_new_tenant = False
        queue.has_work = bool(busy_tenants)
        asked_at = time.time()
        try:
            # An answer that takes longer than the leases it grants is worth nothing.
            async with asyncio.timeout(self._lease_seconds):
                jobs, queue.cursor = await protocol.claim(
                    self._pool,
                    queue.name,
                    quantity=quantity,
                    lease_seconds=self._lease_seconds,
                    cursor=queue.cursor,
                    busy_tenants=busy_tenants,
                    worker=None if self._is_deaf else self._name,
                )
        except (psycopg.Error, TimeoutError) as error:
            # Whatever the database says: a worker that ends here takes its running jobs with it.
            _log.warning("claim_failed", queue=queue.name, error_class=type(error).__name__)
            queue.has_work = True
            await asyncio.sleep(_jittered(_RECONNECT_SECONDS))
            return
        queue.has_work = queue.has_work or len(jobs) >= quantity
        if jobs:
            # A worker under load looks again by itself, so that no enqueue has to notify. A worker
            # that begins to wait looks again too: an enqueue in that moment did not notify. The
            # pauses double, so no job waits longer than its own transaction took.
            queue.look_after(self._loop.time(), _LOOK_AGAIN_SECONDS)
        for job in jobs:
            _trace_claim(job, asked_at)
            self._held[job.token] = _Held(job)
            self._buffer.put(job, self._loop.time())
        self._begin()

    def _connected(self, is_deaf: bool) -> None:  # noqa: FBT001 - the listener's only news
        """Notifications come from now on, or never: what came before was missed."""
        self._is_deaf = is_deaf
        self._heartbeat.beat_every(_POLL_SECONDS if is_deaf else self._lease_seconds / 3)
        for queue in self._queues.values():
            queue.look()
        self._awake.set()

    def _hear(self, name: str) -> None:
        if name in self._queues:
            self._queues[name].look()
            self._awake.set()

    # Running

    def _begin(self) -> None:
        """Starts what has a slot."""
        while job := self._buffer.take():
            held = self._held[job.token]
            held.task = asyncio.create_task(self._execute(held))

    async def _execute(self, held: _Held) -> None:
        """Runs one attempt in the trace of the request that added the job."""
        job, held.has_begun = held.job, True
        structlog.contextvars.bind_contextvars(
            job_id=str(job.job_id), kind=job.kind, attempt=job.attempt
        )
        trace = tracing.enter(tracing.of_job(job.trace, job.job_id))
        with tracing.span(
            f"job {job.kind}",
            kind="consumer",
            parent=trace,
            job__id=str(job.job_id),
            job__attempt=job.attempt,
        ) as span:
            span.set_attribute("job.outcome", await self._attempt(held))

    async def _attempt(self, held: _Held) -> str:
        """Loads, works and saves, records how that ended, and frees the slot."""
        job = held.job
        began = time.perf_counter()
        outcome = "succeeded"
        why: dict[str, str] = {}
        try:
            if held.stopped_because is not None:
                raise asyncio.CancelledError  # noqa: TRY301 - stopped before it began
            _measure_wait(job)
            handler = self._handlers.get(job.kind)
            if handler is None:
                _log.error("kind_unknown", hint="Is this worker older than the database?")
                raise Snooze("queued", _UNKNOWN_SECONDS)  # noqa: TRY301 - for a newer worker
            held.deadline = self._loop.time() + handler.timeout_seconds
            data = None
            if handler.load is not None:
                with tracing.span("load"):
                    async with self._at_database, self._pool.connection() as db:
                        data = await handler.load(db, job)
            with tracing.span("work"):
                output = await handler.work(data, JobContext(self._pool, job, job.steps or {}))
            held.deadline = float("inf")  # finished work is saved, however late
            with tracing.span("save"):
                await self._save(handler, job, output)
        except asyncio.CancelledError:
            if held.stopped_because is None:
                raise
            outcome = await self._record(held, held.stopped_because)
        except Exception as error:  # noqa: BLE001 - the one place: a bug must not end the worker
            outcome = await self._record(held, error)
            if isinstance(error, Retry | Reject):
                why = {"error_code": error.code}  # the sentence is for the user
        finally:
            del self._held[job.token]
            self._buffer.end(job)
            self._begin()
            if not self._buffer.is_ample:
                self._awake.set()
        metrics.record(job.kind, outcome, time.perf_counter() - began)
        if outcome == "succeeded" and job.created_at is not None:
            metrics.TOTAL_SECONDS.labels(job.kind).observe(_seconds_since(job.created_at))
        _log.info("job_ended", outcome=outcome, **why)
        return outcome

    async def _save(self, handler: Handler[Any, Any], job: Job, output: object) -> None:
        async with self._at_database:
            if handler.save is None:
                await protocol.end(self._pool, job, "succeeded")
            else:
                async with protocol.completing(self._pool, job) as db:
                    await handler.save(db, job, output)

    async def _record(self, held: _Held, why: Exception | Reason) -> str:
        """Records an end without success, which nothing may stop any more; returns it as a word."""
        held.is_ending = True
        pool, job = self._pool, held.job
        call: Callable[[], Awaitable[object]]
        match why:
            case LostLease() | "lost":
                return "lost"
            case "cancelled":
                word, call = "cancelled", partial(protocol.end, pool, job, "cancelled")
            case "shutdown":
                word, call = "shutdown", partial(protocol.release, pool, [job])
            case Snooze():
                word = "snoozed"
                call = partial(protocol.snooze, pool, job, why.after_seconds, why.stage)
            case Reject():
                word = "rejected"
                call = partial(protocol.end, pool, job, "failed", why.code, why.message)
            case psycopg.DataError() | psycopg.errors.CheckViolation():
                # What a source or a model said has a form that no attempt will change.
                _log.error("result_refused", exc_info=why)
                refused = Reject("result_not_stored", "The result cannot be stored as it is.")
                word = "rejected"
                call = partial(protocol.end, pool, job, "failed", *refused.args)
            case Exception() if _is_connection_lost(why):
                word, call = "released", partial(protocol.release, pool, [job])
            case Retry():
                word = "retried"
                call = partial(protocol.retry, pool, job, why.code, why.message, why.after_seconds)
            case TimeoutError() | "timed_out":
                word, call = "retried", partial(protocol.retry, pool, job, *_TIMEOUT)
            case _:  # its text may quote data: the user reads none of it
                _log.error("job_bug", exc_info=why)
                word, call = "retried", partial(protocol.retry, pool, job, *_BUG)
        return "failed" if await self._persist(call) == "failed" else word

    async def _persist(self, call: Callable[[], Awaitable[object]]) -> object:
        """Calls the protocol, through a server restart if need be, while the lease may last."""
        try:
            async with asyncio.timeout(self._lease_seconds):
                while True:
                    try:
                        return await call()
                    except Exception as error:
                        if not _is_connection_lost(error):
                            raise
                        await asyncio.sleep(_RECONNECT_SECONDS * random.random())  # noqa: S311
        except LostLease:
            _log.info("outcome_not_ours")
        except (psycopg.Error, TimeoutError) as error:  # the lease ends by itself
            _log.error("outcome_not_recorded", error_class=type(error).__name__)
        return None

    # Stopping

    def _halt(self, token: Token, reason: Reason) -> None:
        held = self._held.get(token)
        if held is None or held.stopped_because is not None:
            return
        held.stopped_because = reason
        self._cancel(held)

    def _cancel(self, held: _Held) -> None:
        """Once more each second, until the task has ended: Python 3.11 loses a cancellation.

        There, `asyncio.wait_for` drops it where what is waited for comes in the same moment.
        """
        if held.task is not None and held.has_begun and not held.is_ending:
            held.cancelled_at = self._loop.time()
            held.task.cancel()

    def _cancel_by_id(self, job_id: str) -> None:
        for token, held in self._held.items():
            if str(held.job.job_id) == job_id:
                self._halt(token, "cancelled")

    async def _drain(self) -> None:
        """Waits for running jobs within a third of their lease, then hands the rest back."""
        await self._give_back()
        tasks = [held.task for held in self._held.values() if held.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._lease_seconds / 3)
        for token in list(self._held):
            self._halt(token, "shutdown")
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _give_back(self) -> None:
        """Hands back what waits for a slot: due at once, for whoever has one."""
        jobs = self._buffer.clear()
        try:
            if jobs:
                await self._persist(partial(protocol.release, self._pool, jobs))
        finally:
            for job in jobs:
                _measure_wait(job)
                del self._held[job.token]

    # Helpers that run beside

    async def _fire_schedules(self) -> None:
        # Every worker looks; the database sees to it that each time fires once.
        while True:
            try:
                await protocol.fire_schedules(self._pool)
            except psycopg.Error as error:
                _log.warning("schedules_failed", error_class=type(error).__name__)
            await asyncio.sleep(_jittered(_SCHEDULE_SECONDS))

    async def _watch_clock(self) -> None:
        """Stops what is past its deadline or its lease. Waits for nobody, so that it is in time."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            self._heartbeat.watch()
            now = self._loop.time()
            for token, held in list(self._held.items()):
                if held.deadline < now:
                    self._halt(token, "timed_out")
                if held.cancelled_at and held.cancelled_at + _CANCEL_AGAIN_SECONDS < now:
                    self._cancel(held)

    async def _watch_buffer(self) -> None:
        """Gives back what waits while long jobs have the slots."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self._buffer.longest_wait(self._loop.time()) > _PATIENCE_SECONDS:
                await self._give_back()


def _measure_wait(job: Job) -> None:
    """Measures how long a job waited, once: later claims have a higher `read_ct`."""
    if job.created_at is not None and job.read_ct == 1:
        metrics.WAIT_SECONDS.labels(job.kind).observe(_seconds_since(job.created_at))


def _trace_claim(job: Job, asked_at: float) -> None:
    """Records the spans of a job's first claim. `asked_at`: when the claim began."""
    if job.created_at is not None and job.read_ct == 1 and tracing.is_recording():
        trace, created_at = tracing.of_job(job.trace, job.job_id), job.created_at.timestamp()
        tracing.record(f"enqueue {job.kind}", created_at, created_at, kind="producer", parent=trace)
        tracing.record("claim", asked_at, kind="client", parent=trace)


def _seconds_since(created_at: datetime) -> float:
    """Seconds from a time of the database's clock until now; at least 0, as clocks differ."""
    return max(0.0, time.time() - created_at.timestamp())


def _jittered(seconds: float) -> float:
    """Within a quarter of it: workers that started together must not all ask together."""
    return seconds * (0.75 + random.random() / 2)  # noqa: S311


def _is_connection_lost(error: Exception) -> bool:
    """Whether the server or the way to it went away, as opposed to a statement it refused."""
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
    )
