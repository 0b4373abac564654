"""What a Python job system must offer to be measured; each module beside implements it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import psycopg

Kind = Literal["noop", "sleep", "stamp", "result"]


@dataclass
class Work:
    """What every job does, and what its handler has seen so far.

    A job of the kind "result" writes a row: ours in the transaction that acknowledges it, the
    others as they can (`write`).

    `done` only tells when looking into the database is worth while: the clock stops when the
    database says that all jobs are completed.
    """

    kind: Kind
    seconds: float = 0.0
    done: int = 0
    started_at: dict[int, float] = field(default_factory=dict)
    write: Callable[[int], Awaitable[None]] | None = None

    def start(self, number: int) -> None:
        """Called by the handler first."""
        if self.kind == "stamp":
            self.started_at[number] = time.monotonic()

    def finish(self) -> None:
        """Called by the handler last."""
        self.done += 1


class System(Protocol):
    """A job system on a database of its own, through its public API only."""

    login: str  # of the connections that jobs are added with

    async def install(self) -> None:
        """Its schema in an empty database."""
        ...

    async def add(self, db: psycopg.AsyncConnection, number: int) -> None:
        """Adds a job in the connection's transaction, committed if there is none."""
        ...

    async def add_many(self, db: psycopg.AsyncConnection, numbers: Sequence[int]) -> None:
        """Adds jobs the fastest way it offers, all or none."""
        ...

    def worker(self, work: Work, concurrency: int) -> AbstractAsyncContextManager[float]:
        """Runs a worker of one process; gives the moment from which it could take jobs."""
        ...

    async def unfinished(self) -> int:
        """Jobs not yet durably completed."""
        ...


class Claims(Protocol):
    """Claims jobs one call after the other, as the worker does, and leaves them claimed."""

    usual: int  # how many a worker with ten slots asks for in one call

    async def take(self, quantity: int, lease_seconds: int) -> int:
        """Claims up to `quantity` jobs (one, where a call can't take more); how many it got."""
        ...


class Claimable(System, Protocol):
    """A system whose single claims can be called and timed."""

    metrics_call: str | None  # a statement that tells an operator about the queues

    async def postpone(self, db: psycopg.AsyncConnection, seconds: int) -> None:
        """Makes every waiting job due that much later than now; for the states it is asked for."""
        ...

    async def lease(self, db: psycopg.AsyncConnection) -> None:
        """Marks every postponed job as taken by a worker; for the states it is asked for."""
        ...

    def claims(self) -> AbstractAsyncContextManager[Claims]:
        """A connection to claim with."""
        ...
