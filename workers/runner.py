"""Runs claimed jobs side by side: claim, perform, outcome. Knows nothing of what a job does."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from workers import metrics
from workers import queue as protocol
from workers.errors import LostLease, Park, Reject, Retry
from workers.handlers import Run
from workers.heartbeat import Heartbeat
from workers.listener import listen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from workers.handlers import Handler
    from workers.queue import Job, Pool

_log = structlog.get_logger()
_POLL_SECONDS = 1.0
_RECONNECT_SECONDS = 0.5
_SCHEDULE_SECONDS = 10.0
_BUG = ("internal_error", "Something went wrong on our side. It is not your doing.")
_TIMEOUT = ("timed_out", "This took longer than it should.")

_T = TypeVar("_T")
Reason = Literal["lost", "cancelled", "shutdown"]
Token = tuple[str, int, int]


@dataclass
class _Running:
    job: Job
    task: asyncio.Task[None]
    stopped_because: Reason | None = None
    is_recording: bool = False  # its outcome: too late to stop, and soon over


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
        self._concurrency = concurrency
        self._lease_seconds = lease_seconds
        self._running: dict[Token, _Running] = {}
        self._done: dict[str, list[Job]] = {}  # ended without results, not acknowledged yet
        self._hungry = set(queues)  # queues that may have due work
        self._cursors: dict[str, str] = {}
        self._awake = asyncio.Event()
        self._poll_at = 0.0
        self._stopping = False
        self._is_deaf = False
        self._heartbeat = Heartbeat(
            url,
            lease_seconds,
            held=lambda: [running.job for running in list(self._running.values())],
            halt=self._halt_from_thread,
        )

    async def run(self) -> None:
        """Works until `stop()`; then finishes or hands back what it holds."""
        self._loop = asyncio.get_running_loop()
        self._heartbeat.start()
        listener = asyncio.create_task(
            listen(self._url, self._connected, self._hear, self._cancel_by_id)
        )
        scheduler = asyncio.create_task(self._fire_schedules())
        try:
            while not self._stopping:
                await self._round()
        finally:
            listener.cancel()
            scheduler.cancel()
            await self._drain()
            await asyncio.to_thread(self._heartbeat.stop)

    def stop(self) -> None:
        """Asks the worker to end: no further claims, running jobs get a part of their lease."""
        self._stopping = True
        self._awake.set()

    async def _fire_schedules(self) -> None:
        # Every worker looks; the database sees to it that each time fires once.
        while True:
            try:
                await protocol.fire_schedules(self._pool)
            except (psycopg.Error, PoolTimeout) as error:
                _log.warning("schedules_failed", error_class=type(error).__name__)
            await asyncio.sleep(_SCHEDULE_SECONDS * (0.75 + random.random() / 2))  # noqa: S311

    async def _round(self) -> None:
        """A turn at each queue that may have work, then sleep until there may be more."""
        self._awake.clear()
        claimed = [await self._turn(queue) for queue in self._queues]
        self._queues.append(self._queues.pop(0))  # the next round starts with another queue
        if any(claimed):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._poll_at):
                await self._awake.wait()
        # By the clock, not by idleness: nobody notifies of a lease or a delay that ends.
        if self._loop.time() >= self._poll_at:
            self._poll_at = self._loop.time() + _POLL_SECONDS * (0.75 + random.random() / 2)  # noqa: S311
            self._hungry.update(self._queues)
            if self._is_deaf and self._running:
                self._heartbeat.nudge()  # tells what was cancelled

    async def _turn(self, queue: str) -> bool:
        """Acknowledges what is done, claims what there is room for; whether that was anything."""
        done = self._done.pop(queue, [])
        room = self._concurrency - len(self._running) if queue in self._hungry else 0
        if not done and (room <= 0 or self._stopping):
            return False
        if room > 0:
            self._hungry.discard(queue)  # before asking: a notification meanwhile must count
        try:
            # An answer that takes longer than the leases it grants is worth nothing.
            async with asyncio.timeout(self._lease_seconds):
                turn = await protocol.turn(
                    self._pool,
                    queue,
                    done,
                    quantity=room,
                    lease_seconds=self._lease_seconds,
                    cursor=self._cursors.get(queue, ""),
                )
        except (psycopg.OperationalError, PoolTimeout, TimeoutError) as error:
            _log.warning("turn_failed", queue=queue, error_class=type(error).__name__)
            self._done.setdefault(queue, []).extend(done)
            self._hungry.add(queue)
            await asyncio.sleep(_RECONNECT_SECONDS * (0.5 + random.random()))  # noqa: S311
            return False
        self._cursors[queue] = turn.cursor
        if room > 0 and len(turn.claimed) >= room:
            self._hungry.add(queue)
        for job in turn.claimed:
            self._start(job)
        return bool(turn.claimed)

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(self._execute(job))
        self._running[job.token] = _Running(job, task)
        task.add_done_callback(partial(self._forget, job.token))
        metrics.RUNNING.set(len(self._running))

    def _connected(self, is_deaf: bool) -> None:  # noqa: FBT001 - the listener's only news
        """Notifications come from now on, or never: what came before was missed."""
        self._is_deaf = is_deaf
        self._hungry.update(self._queues)
        self._heartbeat.nudge()
        self._awake.set()

    def _hear(self, queue: str) -> None:
        self._hungry.add(queue)
        self._awake.set()

    def _forget(self, token: Token, _task: asyncio.Task[None]) -> None:
        del self._running[token]
        metrics.RUNNING.set(len(self._running))
        self._awake.set()

    def _halt(self, token: Token, reason: Reason) -> None:
        running = self._running.get(token)
        if running is None or running.stopped_because is not None or running.is_recording:
            return
        running.stopped_because = reason
        running.task.cancel()

    def _halt_from_thread(self, job: Job, reason: Reason) -> None:
        self._loop.call_soon_threadsafe(self._halt, job.token, reason)

    def _cancel_by_id(self, job_id: str) -> None:
        for token, running in self._running.items():
            if str(running.job.job_id) == job_id:
                self._halt(token, "cancelled")

    async def _drain(self) -> None:
        """Waits for running jobs within a third of their lease, then hands the rest back."""
        tasks = [running.task for running in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=self._lease_seconds / 3)
        for token in list(self._running):
            self._halt(token, "shutdown")
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hungry.clear()
        for queue in list(self._done):
            await self._turn(queue)

    async def _execute(self, job: Job) -> None:
        with (
            structlog.contextvars.bound_contextvars(
                job_id=str(job.job_id), kind=job.kind, attempt=job.attempt
            ),
            metrics.SECONDS.labels(job.kind).time(),
        ):
            outcome = await self._outcome(job)
            metrics.OUTCOMES.labels(job.kind, outcome).inc()
            _log.info("job_ended", outcome=outcome)

    async def _outcome(self, job: Job) -> str:
        """Performs the job and records how it ended; returns that as one word."""
        try:
            await self._perform(job)
        except asyncio.CancelledError:
            return await self._halted(job)
        except Park as park:
            return await self._parked(job, park)
        except Exception as error:  # noqa: BLE001 - the one place: a bug must not end the worker
            return await self._failed(job, error)
        return "succeeded"

    async def _parked(self, job: Job, park: Park) -> str:
        await self._record(
            job, lambda: protocol.snooze(self._pool, job, park.after_seconds, park.stage)
        )
        return "parked"

    async def _failed(self, job: Job, error: Exception) -> str:
        match error:
            case LostLease():
                return "lost"
            case Reject(code=code, message=message):
                await self._record(job, lambda: protocol.fail(self._pool, job, code, message))
                return "rejected"
            case Retry(code=code, message=message, after_seconds=after_seconds):
                return await self._retry(job, code, message, after_seconds)
            case TimeoutError():
                return await self._retry(job, *_TIMEOUT)
        if _is_connection_lost(error):
            await self._record(job, lambda: protocol.release(self._pool, [job]))
            return "released"
        _log.error("job_bug", exc_info=error)
        return await self._retry(job, *_BUG)

    async def _perform(self, job: Job) -> None:
        handler = self._handlers[job.kind]
        async with asyncio.timeout(handler.timeout_seconds):
            data = None
            if handler.load is not None:
                async with self._pool.connection() as db:
                    data = await handler.load(db, job)
            output = await handler.work(data, Run(self._pool, job))
        if handler.save is None:
            # Nothing to commit with: acknowledged together with others, in the queue's next turn.
            self._done.setdefault(job.queue, []).append(job)
            return
        # Past the deadline on purpose: finished work is saved, however late.
        async with self._pool.connection() as db, db.transaction():
            await handler.save(db, job, output)
            await protocol.complete(db, job)

    async def _halted(self, job: Job) -> str:
        reason = self._running[job.token].stopped_because
        if reason == "cancelled":
            await self._record(job, lambda: protocol.acknowledge_cancel(self._pool, job))
        elif reason == "shutdown":
            await self._record(job, lambda: protocol.release(self._pool, [job]))
        return reason or "lost"

    async def _retry(
        self, job: Job, code: str, message: str, after_seconds: float | None = None
    ) -> str:
        outcome = await self._record(
            job, lambda: protocol.retry(self._pool, job, code, message, after_seconds)
        )
        return "failed" if outcome == "failed" else "retried"

    async def _record(self, job: Job, call: Callable[[], Awaitable[_T]]) -> _T | None:
        """Writes an outcome, through a server restart if need be, while the lease may last."""
        self._running[job.token].is_recording = True
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
        except TimeoutError:
            _log.warning("outcome_not_recorded")
        return None


def _is_connection_lost(error: BaseException) -> bool:
    """Whether the server or the way to it went away, as opposed to a statement it refused."""
    if isinstance(error, PoolTimeout):
        return True
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
    )
