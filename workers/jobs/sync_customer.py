"""sync_customer: looks at a customer at Stripe and copies what it sees, because an event hinted."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from psycopg import Connection

from core.billing_sync import SyncOutcome, sync_customer, sync_event
from core.database import Row
from core.stripe_gateway import Gateway
from workers.billing import ask, nothing_to_save
from workers.engine.handlers import Handler, Run
from workers.engine.queue import Database, Job

_log = structlog.get_logger()


@dataclass(frozen=True)
class Hint:
    """Why to look: an event, or (reconciliation) a customer without one."""

    event_id: str | None
    customer_id: str | None


def handler(gateway: Gateway | None) -> Handler[Hint, SyncOutcome]:
    """The handler with its way to Stripe; None where billing is not set up."""

    async def work(hint: Hint, run: Run) -> SyncOutcome:
        outcome = await ask(run.pool, gateway, lambda db, stripe: _sync(db, stripe, hint))
        _log.info("customer_synced", outcome=outcome, event_id=hint.event_id)
        return outcome

    return Handler(load=load, work=work, save=nothing_to_save, timeout_seconds=60)


async def load(_db: Database, job: Job) -> Hint:
    """The ids in the job's arguments."""
    return Hint(job.arguments.get("event_id"), job.arguments.get("customer_id"))


def _sync(db: Connection[Row], gateway: Gateway, hint: Hint) -> SyncOutcome:
    if hint.event_id is not None:
        return sync_event(db, gateway, hint.event_id)
    if hint.customer_id is not None:
        return sync_customer(db, gateway, hint.customer_id)
    raise ValueError("a sync_customer job names neither an event nor a customer")
