"""What a job gives to a source: progress reports, steps that outlive an attempt, budgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar

from workers.sources.tiktok.display import OwnPosts

T = TypeVar("T")

# Acquires a semaphore that all workers share; raises `Snooze` while it is full.
Acquire = Callable[[str], Awaitable[None]]

# Registers a run's webhook: takes the hash of its secret, returns the webhook's id.
Expect = Callable[[bytes], Awaitable[str]]

# The posts of the account that the job's owner has connected; None without one. Raises
# `Disconnected` if the connection has ended.
OwnAccount = Callable[[], Awaitable["OwnPosts | None"]]

# Shows the user the stage, in one word, and the percentage.
Report = Callable[[str, int], Awaitable[None]]


class Step(Protocol):
    """Does what must not be paid for twice: the job's next attempt gets the first result."""

    async def __call__(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, in this or an earlier attempt: JSON, derived data only."""


class Purchases(Protocol):
    """The account's budget for paid runs, and the list of runs to delete at the source."""

    async def reserve(self, name: str, usd: Decimal) -> bool:
        """Counts a run before it starts, once per name; False if it exceeds the budget."""

    async def release(self, name: str) -> None:
        """Takes a reservation back: the source refused the start."""

    async def record(self, name: str, usd: Decimal, run_id: str) -> None:
        """Notes a started run. Another job deletes it at the source once this job has ended."""


class Unbudgeted:
    """For callers without an account."""

    async def reserve(self, name: str, usd: Decimal) -> bool:  # noqa: ARG002
        return True

    async def release(self, name: str) -> None:
        pass

    async def record(self, name: str, usd: Decimal, run_id: str) -> None:
        pass


@dataclass(frozen=True)
class Context:
    """Handed to a source with each URL."""

    report: Report
    step: Step
    acquire: Acquire
    expect: Expect | None = None  # None: the job polls its runs
    own_account: OwnAccount | None = None
    purchases: Purchases = field(default_factory=Unbudgeted)
    has_transcripts: bool = False  # the plan of the account includes them


async def forgetful(name: str, work: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG001
    """A step for callers with a single attempt."""
    return await work()


async def unlimited(limit: str) -> None:
    """A semaphore that is never full, for callers outside of a worker."""
