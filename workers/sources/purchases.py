"""Counts a job's paid runs against its account's daily budget. The rules are in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from workers.engine import queue as protocol
from workers.engine.handlers import JobContext


@dataclass(frozen=True)
class RunPurchases:
    """For one attempt of a job; raises LostLease once its lease is lost."""

    context: JobContext

    async def reserve(self, name: str, usd: Decimal) -> bool:
        """Counts a run before it starts; False if it exceeds the budget."""
        statement = "select private.reserve_run(%s, %s, %s, %s)"
        return bool(await protocol.call(self.context.pool, self.context.job, statement, name, usd))

    async def release(self, name: str) -> None:
        """Takes a reservation back: the source refused the start."""
        statement = "select private.release_run(%s, %s, %s)"
        await protocol.call(self.context.pool, self.context.job, statement, name)

    async def record(self, name: str, usd: Decimal, run_id: str) -> None:
        """Notes a started run."""
        statement = "select private.record_run(%s, %s, %s, %s, %s)"
        await protocol.call(self.context.pool, self.context.job, statement, name, usd, run_id)
