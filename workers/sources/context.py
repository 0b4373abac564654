"""What a job lends to a source: a way to report, and a memory that outlives a try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeVar

from workers.sources.tiktok.display import OwnPosts

T = TypeVar("T")

# Acquires a semaphore that all workers share; raises `Snooze` while it is full.
Acquire = Callable[[str], Awaitable[None]]

# Lets an Apify run report its end: takes the hash of its secret, gives the webhook's id.
Expect = Callable[[bytes], Awaitable[str]]

# The posts of the account that the job's owner has connected; None without one. Raises
# `Disconnected` where it ended.
OwnAccount = Callable[[], Awaitable["OwnPosts | None"]]

# Tells the user what happens: a stage in a word, and percent.
Report = Callable[[str, int], Awaitable[None]]


class Step(Protocol):
    """Does what must not be paid for twice: the next try of the job gets the first result back."""

    async def __call__(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """`work`'s result, or what an earlier try got: JSON, derived data only."""


class Purchases(Protocol):
    """The account's budget for paid runs, and which of them may still hold data at the source."""

    async def reserve(self, name: str, usd: Decimal) -> bool:
        """Counts a run before it starts, once for each name; False: the budget does not reach."""

    async def release(self, name: str) -> None:
        """The source refused the start."""

    async def record(self, name: str, usd: Decimal, run_id: str) -> None:
        """The run was started; it is deleted at the source once the job has ended."""


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
    expect: Expect | None = None  # None: nothing outside can reach us, so we look from time to time
    own_account: OwnAccount | None = None
    purchases: Purchases = field(default_factory=Unbudgeted)


async def forgetful(name: str, work: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG001
    """A step for callers that try only once."""
    return await work()


async def unlimited(limit: str) -> None:
    """A semaphore for callers that are alone."""
