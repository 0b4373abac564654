"""What a kind of job is made of, and what its work may ask of the job layer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from psycopg.types.json import Jsonb

from core import tracing
from workers.engine import queue as protocol
from workers.engine.errors import Snooze
from workers.engine.queue import Database, Job, Pool

_T = TypeVar("_T")
Input = TypeVar("Input")
Output = TypeVar("Output")


@dataclass(frozen=True)
class Handler(Generic[Input, Output]):
    """A kind of job: read its input, work without a transaction, save the outcome in one.

    `work` ends early by raising Retry, Reject or Snooze (workers/engine/errors.py). `save` runs in
    the transaction that acknowledges the job: both happen or neither. Without `load`, `work` gets
    None. Without `save`, the job is acknowledged alone.
    """

    load: Callable[[Database, Job], Awaitable[Input]] | None
    work: Callable[[Input, JobContext], Awaitable[Output]]
    save: Callable[[Database, Job, Output], Awaitable[None]] | None
    timeout_seconds: float = 300


@dataclass(frozen=True, slots=True)
class JobContext:
    """One attempt of a job."""

    pool: Pool
    job: Job
    steps: dict[str, Any]

    async def progress(self, stage: str, percent: int) -> None:
        """Shows the owner the stage (one word) and how far the work is, 0 to 100."""
        await self._call("select private.progress(%s, %s, %s, %s)", stage, percent)

    async def acquire(self, semaphore: str) -> None:
        """Acquires a semaphore that all workers share (private.semaphores), for this attempt.

        Snoozes the job where it is full: the job holds no slot while it waits.
        """
        wait_seconds = await self._call("select private.acquire(%s, %s, %s)", semaphore)
        if wait_seconds > 0:
            raise Snooze("waiting", wait_seconds)

    async def plan(self) -> str:
        """The plan of the job's account, for metrics; "none" for system work."""
        return str(await self._call("select private.plan_of_job(%s, %s)"))

    async def expect(self, secret_hash: bytes) -> str:
        """The id under which an Apify run of this job may report that it has ended."""
        return str(await self._call("select private.expect_apify_run(%s, %s, %s)", secret_hash))

    async def step(self, name: str, work: Callable[[], Awaitable[_T]]) -> _T:
        """Does what must not be paid for twice: a later attempt gets the first result back.

        The result is stored until the job ends: JSON, derived data only.
        """
        if name not in self.steps:
            with tracing.span(f"step {name}"):
                result = await work()
            await self._call("select private.save_step(%s, %s, %s, %s)", name, Jsonb(result))
            self.steps[name] = result
        return cast("_T", self.steps[name])

    async def _call(self, statement: str, *arguments: object) -> Any:
        return await protocol.call(self.pool, self.job, statement, *arguments)
