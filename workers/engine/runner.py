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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from uuid import UUID

import psycopg
import structlog

from workers.engine import metrics
from workers.engine import queue as protocol
from workers.engine.errors import LostLease, Park, Reject, Retry
from workers.engine.handlers import Handler, Run
from workers.engine.heartbeat import Heartbeat, listen
from workers.engine.queue import Job, Pool

_log = structlog.get_logger()

Lane = UUID | None  # whose work it is; None: the system's

# Claimed ahead is what begins this soon at the pace of late, so that no slot waits for a claim.
_AHEAD_SECONDS = 0.05
_MOST_AHEAD_PER_SLOT = 16
# Turns are short, so that one brings the next jobs while those of the last one run. A longer one
# leaves slots idle meanwhile, and costs more a job.
_MOST_AT_ONCE = 100
_PACE_SECONDS = 0.01  # the pace is measured over at least as long
# Below that, keeping a slot free for newcomers would cost too large a part of them.
_SLOTS_TO_KEEP_SOME_FREE = 4
_POLL_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.01  # doubles with each look, up to the poll
_RECONNECT_SECONDS = 0.5
_SCHEDULE_SECONDS = 10.0
_DEADLINE_SECONDS = 0.25  # how late a deadline may be noticed
_ACKNOWLEDGE_SECONDS = 0.02  # how long a finished job may wait for others to share a statement
_PATIENCE_SECONDS = 1.0  # how long a claimed job may wait for a slot that another worker may have
_BEGUN_AT_ONCE = 10
_CANCEL_AGAIN_SECONDS = 1.0  # a cancelled task may be cleaning up: not at every look
_UNKNOWN_SECONDS = 30.0  # how long a kind that this worker does not know is left to newer ones
_BUG = ("internal_error", "Something went wrong on our side. It is not your doing.", None)
_TIMEOUT = ("timed_out", "This took longer than it should.", None)

Reason = Literal["lost", "cancelled", "shutdown", "timed_out"]
Token = tuple[str, int, int]


class PrefetchBuffer:
    """At most `slots` jobs run. Lanes take turns here as they do in the queue.

    The last free slots are for lanes of which nothing runs. Somebody may have thousands of jobs:
    the first job of the next one begins at once. Newcomers come by chance, and what they need
    varies with the square root of the slots: 3 of 10, 10 of 100.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._kept = math.isqrt(slots) if slots >= _SLOTS_TO_KEEP_SOME_FREE else 0
        self._waiting: dict[Lane, deque[tuple[Job, float]]] = {}
        self._running: Counter[Lane] = Counter()
        self.waiting = 0
        self.running = 0
        self._ahead = 0
        self._ended = 0  # since then
        self._then = 0.0

    def put(self, job: Job, now: float) -> None:
        """A claimed job waits for a slot."""
        self._waiting.setdefault(job.user_id, deque()).append((job, now))
        self.waiting += 1

    def take(self) -> Job | None:
        """The job that begins now; None while there is none that may."""
        free = self._slots - self.running
        if free <= 0:
            return None
        for lane in self._waiting:
            if free > self._kept or lane not in self._running:
                break
        else:
            return None
        jobs = self._waiting.pop(lane)
        job, _ = jobs.popleft()
        if jobs:
            self._waiting[lane] = jobs  # at the end: the others' turn
        self.waiting -= 1
        self.running += 1
        self._running[lane] += 1
        return job

    def end(self, job: Job) -> None:
        """A running job has ended, however."""
        self.running -= 1
        self._ended += 1
        lane = job.user_id
        self._running[lane] -= 1
        if not self._running[lane]:
            del self._running[lane]

    def empty(self) -> list[Job]:
        """All that wait, no longer waiting."""
        jobs = [job for lane in self._waiting.values() for job, _ in lane]
        self._waiting.clear()
        self.waiting = 0
        return jobs

    def waits_since(self, now: float) -> float:
        """Seconds that the longest waiting job has waited; 0 without one."""
        return max((now - jobs[0][1] for jobs in self._waiting.values()), default=0.0)

    @property
    def busy_lanes(self) -> list[Lane]:
        """Lanes that must leave the last free slots to others."""
        return list(self._running) if self._kept else []

    @property
    def is_open_to_newcomers(self) -> bool:
        """Whether a lane of which nothing runs could begin now."""
        return self._kept > 0 and self.running < self._slots

    @property
    def is_ample(self) -> bool:
        """Whether what waits keeps the slots busy for a while."""
        return self.waiting > self._ahead // 2 and self.running >= self._slots - self._kept

    def room(self, now: float) -> int:
        """How many more jobs to claim: one per slot, and those that begin very soon."""
        elapsed = now - self._then
        if elapsed >= _PACE_SECONDS:
            pace = self._ended / elapsed
            soon = min(int(pace * _AHEAD_SECONDS), _MOST_AHEAD_PER_SLOT * self._slots)
            self._ahead = soon if soon < self._ahead else (self._ahead + soon + 1) // 2
            self._ended, self._then = 0, now
        room = self._slots - self._kept + self._ahead - self.running - self.waiting
        return min(room, _MOST_AT_ONCE)


@dataclass(slots=True)
class _Held:
    job: Job
    task: asyncio.Task[None] | None = None  # that can be stopped: not while it waits or is recorded
    deadline: float = float("inf")
    stopped_because: Reason | None = None
    cancelled_at: float = 0.0


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
        self._queues = list(queues)
        self._lease_seconds = lease_seconds
        self._stock = PrefetchBuffer(concurrency)
        # Jobs at the database. Two connections stay for claims and outcomes; and to wait here costs
        # a part of what the pool's own queue does.
        self._at_database = asyncio.Semaphore(max(pool.max_size - 2, 1))
        self._held: dict[Token, _Held] = {}  # leased: running, or waiting for a slot
        self._slots: set[asyncio.Task[None]] = set()
        self._done: dict[str, list[Job]] = {}  # ended without results, not acknowledged yet
        self._hungry = set(queues)  # queues that may have due work
        self._news = set(queues)  # … of somebody of whom nothing runs, perhaps
        self._cursors: dict[str, str] = {}
        self._name = uuid.uuid4()
        self._told = set[str]()  # queues that found nothing: the database tells of new jobs
        self._look_again: dict[str, tuple[float, float]] = {}  # when, and after what pause
        self._awake = asyncio.Event()
        self._poll_at = 0.0
        self._stopping = False
        self._is_deaf = False
        self._heartbeat = Heartbeat(
            url,
            lease_seconds,
            held=lambda: [held.job for held in list(self._held.values())],
            halt=lambda job, why: self._loop.call_soon_threadsafe(self._halt, job.token, why),
        )
        metrics.RUNNING.set_function(lambda: self.running)

    async def run(self) -> None:
        """Works until `stop()`; then finishes or hands back what it holds."""
        self._loop = asyncio.get_running_loop()
        self._heartbeat.start()
        helpers = [
            asyncio.create_task(listen(self._url, self._connected, self._hear, self._cancel_by_id)),
            asyncio.create_task(self._fire_schedules()),
            asyncio.create_task(self._watch_clock()),
            asyncio.create_task(self._watch_stock()),
        ]
        try:
            while not self._stopping:
                await self._rest()
                for queue in self._queues:
                    await self._turn(queue)
                self._queues.append(self._queues.pop(0))  # the next round starts with another one
        finally:
            await self._drain()
            for helper in helpers:
                helper.cancel()
            await asyncio.to_thread(self._heartbeat.stop)

    @property
    def running(self) -> int:
        """How many jobs have a slot now."""
        return self._stock.running

    def stop(self) -> None:
        """Asks the worker to end: no further claims, running jobs get a part of their lease."""
        self._stopping = True
        self._awake.set()

    async def _fire_schedules(self) -> None:
        # Every worker looks; the database sees to it that each time fires once.
        while True:
            try:
                await protocol.fire_schedules(self._pool)
            except psycopg.Error as error:
                _log.warning("schedules_failed", error_class=type(error).__name__)
            await asyncio.sleep(_jittered(_SCHEDULE_SECONDS))

    async def _watch_clock(self) -> None:
        """Stops what is past its deadline or its lease; waits for nobody."""
        while True:
            await asyncio.sleep(_DEADLINE_SECONDS)
            self._heartbeat.watch()
            for token, held in list(self._held.items()):
                if held.deadline < self._loop.time():
                    self._halt(token, "timed_out")
                if held.cancelled_at and self._loop.time() > (
                    held.cancelled_at + _CANCEL_AGAIN_SECONDS
                ):
                    self._cancel(held)

    async def _watch_stock(self) -> None:
        """Gives back what waits while long jobs have the slots."""
        while True:
            await asyncio.sleep(_DEADLINE_SECONDS)
            if self._stock.waits_since(self._loop.time()) > _PATIENCE_SECONDS:
                await self._give_back()

    async def _rest(self) -> None:
        """Until a turn is worth its price."""
        self._awake.clear()
        if not self._is_turn_due():
            now = self._loop.time()
            until = min([self._poll_at, *(at for at, _ in self._look_again.values())])
            until = min(until, now + _ACKNOWLEDGE_SECONDS) if self._done else until
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._awake.wait()
        # By the clock, not by idleness: nobody notifies of a lease or a delay that ends.
        for queue, (at, pause) in list(self._look_again.items()):
            if self._loop.time() >= at:
                self._look(queue)
                self._look_again_after(queue, pause * 2)
        if self._loop.time() >= self._poll_at:
            self._poll_at = self._loop.time() + _jittered(_POLL_SECONDS)
            self._look()
            if self._is_deaf and self._held:
                self._heartbeat.nudge()  # tells what was cancelled

    def _look_again_after(self, queue: str, pause: float) -> None:
        if pause < _POLL_SECONDS:
            self._look_again[queue] = self._loop.time() + pause, pause
        else:
            self._look_again.pop(queue, None)

    def _is_turn_due(self) -> bool:
        if any(self._wanted(queue) for queue in self._news):
            return True
        if self._stock.is_ample:
            return False  # the next turn will acknowledge more at once
        return bool(self._done) or any(self._wanted(queue) for queue in self._hungry)

    def _wanted(self, queue: str) -> int:
        """How many jobs to claim: what there is room for, else one of somebody new."""
        if self._stopping or queue not in self._hungry:
            return 0
        room = self._stock.room(self._loop.time())
        return room if room > 0 else int(queue in self._news and self._stock.is_open_to_newcomers)

    async def _turn(self, queue: str) -> None:
        """Acknowledges what is done, claims what there is room for."""
        done = self._done.pop(queue, [])
        wanted = self._wanted(queue)
        if not done and not wanted:
            return
        is_for_newcomers = wanted > self._stock.room(self._loop.time())
        self._news.discard(queue)
        if wanted and not is_for_newcomers:
            self._hungry.discard(queue)  # before asking: a notification meanwhile must count
        try:
            # An answer that takes longer than the leases it grants is worth nothing.
            async with asyncio.timeout(self._lease_seconds):
                claimed, self._cursors[queue] = await protocol.turn(
                    self._pool,
                    queue,
                    done,
                    quantity=wanted,
                    lease_seconds=self._lease_seconds,
                    cursor=self._cursors.get(queue, ""),
                    busy_lanes=self._stock.busy_lanes if is_for_newcomers else (),
                    worker=None if self._is_deaf else self._name,
                )
        except (psycopg.Error, TimeoutError) as error:
            # Whatever the database says: a worker that ends here takes its running jobs with it.
            _log.warning("turn_failed", queue=queue, error_class=type(error).__name__)
            self._done.setdefault(queue, []).extend(done)
            self._hungry.add(queue)
            await asyncio.sleep(_jittered(_RECONNECT_SECONDS))
            return
        if wanted and len(claimed) >= wanted:
            self._hungry.add(queue)
        elif wanted and (claimed or queue not in self._told):
            # A worker under load looks again by itself, so that no enqueue has to notify. A worker
            # that begins to wait looks again too: an enqueue in that moment did not notify. The
            # pauses double, so no job waits longer than its own transaction took.
            self._look_again_after(queue, _LOOK_AGAIN_SECONDS)
            (self._told.discard if claimed else self._told.add)(queue)
        for job in claimed:
            self._held[job.token] = _Held(job)
            self._stock.put(job, self._loop.time())
        self._loop.call_soon(self._begin)  # the next turn, if it is due, is under way before

    def _begin(self) -> None:
        """Starts what may begin, each in a slot that goes on with the next job by itself.

        A few at a time: jobs of a moment share them, which is cheaper than a slot for each.
        """
        for _ in range(_BEGUN_AT_ONCE):
            job = self._stock.take()
            if job is None:
                return
            slot = asyncio.create_task(self._slot(job))
            self._slots.add(slot)
            slot.add_done_callback(self._slots.discard)
        self._loop.call_soon(self._begin)

    async def _slot(self, job: Job | None) -> None:
        while job is not None:
            try:
                await self._execute(self._held[job.token])
            finally:
                del self._held[job.token]
                self._stock.end(job)
                job = self._stock.take()
                if not self._stock.is_ample:
                    self._awake.set()
            await asyncio.sleep(0)  # jobs without a pause must leave others theirs

    def _connected(self, is_deaf: bool) -> None:  # noqa: FBT001 - the listener's only news
        """Notifications come from now on, or never: what came before was missed."""
        self._is_deaf = is_deaf
        self._heartbeat.nudge()
        self._look()

    def _hear(self, queue: str) -> None:
        if queue in self._queues:
            self._look(queue)

    def _look(self, *queues: str) -> None:
        self._hungry.update(queues or self._queues)
        self._news.update(queues or self._queues)
        self._awake.set()

    def _halt(self, token: Token, reason: Reason) -> None:
        held = self._held.get(token)
        if held is None or held.stopped_because is not None:
            return
        held.stopped_because = reason
        self._cancel(held)

    def _cancel(self, held: _Held) -> None:
        """Until the task has ended: Python 3.11 loses a cancellation now and then.

        There, `asyncio.wait_for` drops it where what is waited for comes in the same moment.
        """
        if held.task is not None:
            held.cancelled_at = self._loop.time()
            held.task.cancel()

    def _cancel_by_id(self, job_id: str) -> None:
        for token, held in self._held.items():
            if str(held.job.job_id) == job_id:
                self._halt(token, "cancelled")

    async def _drain(self) -> None:
        """Waits for running jobs within a third of their lease, then hands the rest back."""
        await self._give_back()
        if self._slots:
            await asyncio.wait(self._slots, timeout=self._lease_seconds / 3)
        for token in list(self._held):
            self._halt(token, "shutdown")
        await asyncio.gather(*self._slots, return_exceptions=True)
        for queue in list(self._done):
            await self._turn(queue)

    async def _give_back(self) -> None:
        """What waited for a slot: due at once, for whoever has one."""
        jobs = self._stock.empty()
        try:
            if jobs:
                await self._persist(partial(protocol.release, self._pool, jobs))
        except psycopg.Error as error:  # their leases end by themselves
            _log.warning("not_given_back", error_class=type(error).__name__)
        finally:
            for job in jobs:
                del self._held[job.token]

    async def _execute(self, held: _Held) -> None:
        job = held.job
        structlog.contextvars.bind_contextvars(
            job_id=str(job.job_id), kind=job.kind, attempt=job.attempt
        )
        began = time.perf_counter()
        held.task = asyncio.current_task()
        outcome = await self._outcome(held)
        metrics.record(job.kind, outcome, time.perf_counter() - began)
        _log.info("job_ended", outcome=outcome)

    async def _outcome(self, held: _Held) -> str:
        """Performs the job and records how it ended; returns that as one word."""
        try:
            if held.stopped_because is None:  # while it waited for its slot
                await self._perform(held)
                return "succeeded"
        except asyncio.CancelledError:
            if held.stopped_because is None or held.task is None:
                raise
            while held.task.uncancel():  # they meant the job, not its slot
                pass
        except Exception as error:  # noqa: BLE001 - the one place: a bug must not end the worker
            return await self._record(held, error)
        return await self._record(held, held.stopped_because)

    async def _perform(self, held: _Held) -> None:
        job = held.job
        handler = self._handlers.get(job.kind)
        if handler is None:  # a deploy brings the kind before the workers: no try of the job's
            _log.error("kind_unknown", hint="Is this worker older than the database?")
            raise Park("queued", _UNKNOWN_SECONDS)
        held.deadline = self._loop.time() + handler.timeout_seconds
        data = None
        if handler.load is not None:
            async with self._at_database, self._pool.connection() as db:
                data = await handler.load(db, job)
        output = await handler.work(data, Run(self._pool, job, job.steps or {}))
        held.deadline = float("inf")  # finished work is saved, however late
        if handler.save is None:
            # Nothing to commit with: acknowledged together with others, in the queue's next turn.
            self._done.setdefault(job.queue, []).append(job)
            return
        async with self._at_database, protocol.completing(self._pool, job) as db:
            await handler.save(db, job, output)

    async def _record(self, held: _Held, why: Exception | Reason | None) -> str:
        """Records an end without success, which nothing may stop any more; returns it as a word."""
        held.task = None
        pool, job = self._pool, held.job
        call: Callable[[], Awaitable[object]]
        match why:
            case LostLease() | "lost":
                return "lost"
            case "cancelled":
                word, call = "cancelled", partial(protocol.end, pool, job, "cancelled")
            case "shutdown":
                word, call = "shutdown", partial(protocol.release, pool, [job])
            case Park():
                word = "parked"
                call = partial(protocol.snooze, pool, job, why.after_seconds, why.stage)
            case Reject():
                word = "rejected"
                call = partial(protocol.end, pool, job, "failed", why.code, why.message)
            case psycopg.DataError() | psycopg.errors.CheckViolation():
                # What a source or a model said has a form that no try will change.
                _log.error("result_refused", exc_info=why)
                refused = Reject("result_not_stored", "The result cannot be stored as it is.")
                word = "rejected"
                call = partial(protocol.end, pool, job, "failed", *refused.args)
            case Exception() if _is_connection_lost(why):
                word, call = "released", partial(protocol.release, pool, [job])
            case _:
                word, call = "retried", partial(protocol.retry, pool, job, *_reason(why))
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


def _jittered(seconds: float) -> float:
    """Within a quarter of it: workers that started together must not all ask together."""
    return seconds * (0.75 + random.random() / 2)  # noqa: S311


def _reason(why: object) -> tuple[str, str, float | None]:
    """What the user is told of a try that failed, and the least wait; nothing of a bug's text."""
    match why:
        case Retry():
            return why.code, why.message, why.after_seconds
        case TimeoutError() | "timed_out":
            return _TIMEOUT
    _log.error("job_bug", exc_info=why)
    return _BUG


def _is_connection_lost(error: Exception) -> bool:
    """Whether the server or the way to it went away, as opposed to a statement it refused."""
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
    )
