"""A job's paid runs, counted against its account's budget of the day: the rules are in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from workers.engine import queue as protocol
from workers.engine.handlers import JobContext


@dataclass(frozen=True)
class RunPurchases:
    """Of one attempt of a job; raises LostLease where that is over."""

    context: JobContext

    async def reserve(self, name: str, usd: Decimal) -> bool:
        """Counts a run before it starts; False: the budget does not reach."""
        statement = "select private.reserve_run(%s, %s, %s, %s)"
        return bool(await protocol.call(self.context.pool, self.context.job, statement, name, usd))

    async def release(self, name: str) -> None:
        """The source refused the start."""
        statement = "select private.release_run(%s, %s, %s)"
        await protocol.call(self.context.pool, self.context.job, statement, name)

    async def record(self, name: str, usd: Decimal, run_id: str) -> None:
        """The run was started."""
        statement = "select private.record_run(%s, %s, %s, %s, %s)"
        await protocol.call(self.context.pool, self.context.job, statement, name, usd, run_id)
