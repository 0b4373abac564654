"""reconcile_billing: finds what no event told us. It only queues work, so it is safe to repeat."""

from __future__ import annotations

import time

import structlog
from psycopg import Connection

from core.billing_sync import NotAnEvent, parse_event, record, remember_account
from core.database import Row
from core.stripe_gateway import Gateway
from workers.billing import ask, nothing_to_save
from workers.engine.handlers import Handler, Run
from workers.engine.queue import Database, Job

_log = structlog.get_logger()
# Stripe gives up on a delivery after three days, and lists its events for thirty.
_LOOK_BACK_SECONDS = 7 * 24 * 3600


def handler(gateway: Gateway | None) -> Handler[None, int]:
    """The handler with its way to Stripe; None where billing is not set up."""

    async def work(_: None, run: Run) -> int:
        if gateway is None:  # scheduled everywhere, also where nothing is sold
            return 0
        return await ask(run.pool, gateway, reconcile)

    return Handler(load=load, work=work, save=nothing_to_save, timeout_seconds=300)


async def load(_db: Database, _job: Job) -> None:
    """Nothing: it looks at everything."""


def reconcile(db: Connection[Row], gateway: Gateway, *, now: int | None = None) -> int:
    """Records what Stripe could not deliver, queues left-over events and customers to look at.

    Returns how many jobs that makes.
    """
    now = int(time.time()) if now is None else now
    remember_account(db, gateway)
    found = 0
    for document in gateway.undelivered_events(now - _LOOK_BACK_SECONDS):
        try:
            event = parse_event(document, now=now)
        except NotAnEvent:
            continue
        # Read in our version, delivered in the endpoint's: its text says nothing about a delivery.
        found += record(db, event, body_sha256=None) == "received"
    row = db.execute("select private.requeue_billing() as jobs").fetchone()
    queued = row["jobs"] if row else 0
    _log.info("billing_reconciled", undelivered=found, jobs=queued)
    return found + (queued if isinstance(queued, int) else 0)
