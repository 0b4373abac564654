"""The jobs of billing: sync_customer, reconcile_billing, erase_account.

Each calls Stripe in a thread with a database session of its own. A failure is Retry or Reject.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from psycopg import Connection

from core.billing_sync import (
    NotAnEvent,
    SyncOutcome,
    customer_seen,
    parse_event,
    record,
    remember_account,
    sync_customer,
    sync_event,
    sync_prices,
)
from core.database import Row, connect
from core.stripe_gateway import BillingError, Gateway
from workers.engine.errors import Reject, Retry
from workers.engine.handlers import Handler, JobContext
from workers.engine.queue import Pool

_log = structlog.get_logger()

_T = TypeVar("_T")
_NOT_CONFIGURED_SECONDS = 600.0
BILLING_CONNECTIONS = 2
# Stripe stops delivering an event after 3 days and lists events for 30 days.
_LOOK_BACK_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class StripeAccess:
    """A worker's access to Stripe: at most BILLING_CONNECTIONS of its jobs use it at a time."""

    gateway: Gateway | None = None  # None without a Stripe key
    sessions: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(BILLING_CONNECTIONS)
    )

    async def ask(self, pool: Pool, call: Callable[[Connection[Row], Gateway], _T]) -> _T:
        """What `call` returns, which may block. Raises Retry or Reject."""
        gateway = self.gateway
        if gateway is None:
            raise Retry(
                "billing_not_configured",
                "Billing is not set up on this worker.",
                _NOT_CONFIGURED_SECONDS,
            )

        def blocking() -> _T:
            # The pool belongs to asyncio: a thread needs a session of its own.
            with connect(str(pool.conninfo), application_name="worker-billing") as db:
                return call(db, gateway)

        try:
            async with self.sessions:
                return await asyncio.to_thread(blocking)
        except BillingError as error:
            raise _outcome(error) from error


def _outcome(error: BillingError) -> Retry | Reject:
    if error.reason == "unavailable":
        return Retry(
            "stripe_unavailable", "The payment service can't be reached.", error.after_seconds
        )
    if error.reason == "busy":
        return Retry("customer_busy", "Other jobs look at this customer now.", error.after_seconds)
    if error.reason == "misconfigured":
        # The key is wrong or being rotated. The job tries again until somebody corrects it.
        return Retry(
            "stripe_key_refused", "The payment service refused our key.", _NOT_CONFIGURED_SECONDS
        )
    return Reject("stripe_refused", "The payment service refused this request.")


def customer_sync(stripe: StripeAccess) -> Handler[None, SyncOutcome]:
    """Syncs the customer of an event. Reconciliation names the customer itself."""

    async def work(_: None, context: JobContext) -> SyncOutcome:
        arguments = context.job.arguments
        event_id: str | None = arguments.get("event_id")

        def sync(db: Connection[Row], gateway: Gateway) -> SyncOutcome:
            if event_id is not None:
                return sync_event(db, gateway, event_id)
            return sync_customer(db, gateway, arguments["customer_id"])

        outcome = await stripe.ask(context.pool, sync)
        _log.info("customer_synced", outcome=outcome, event_id=event_id)
        return outcome

    return Handler(load=None, work=work, save=None, timeout_seconds=60)


def reconciliation(stripe: StripeAccess) -> Handler[None, int]:
    async def work(_: None, context: JobContext) -> int:
        if stripe.gateway is None:  # the schedule also exists where no plan is sold
            return 0
        return await stripe.ask(context.pool, reconcile)

    return Handler(load=None, work=work, save=None, timeout_seconds=300)


def reconcile(db: Connection[Row], gateway: Gateway, *, now: int | None = None) -> int:
    """Records undelivered events. Queues unfinished events and customers that are due for a sync.

    Copies the prices. Returns how many jobs it queued.
    """
    now = int(time.time()) if now is None else now
    remember_account(db, gateway)
    sync_prices(db, gateway)
    found = 0
    for document in gateway.undelivered_events(now - _LOOK_BACK_SECONDS):
        try:
            event = parse_event(document, now=now)
        except NotAnEvent:
            continue
        # No hash: the API version of this document may differ from that of the delivered one.
        found += record(db, event, body_sha256=None) == "received"
    row = db.execute("select private.requeue_billing() as jobs").fetchone()
    queued = row["jobs"] if row else 0
    _log.info("billing_reconciled", undelivered=found, jobs=queued)
    return found + (queued if isinstance(queued, int) else 0)


def customer_erasure(stripe: StripeAccess, *, delete_customer: bool) -> Handler[None, int]:
    """`delete_customer` deletes the customer too. Laws often demand to keep its invoices."""

    async def work(_: None, context: JobContext) -> int:
        customer_id: str = context.job.arguments["customer_id"]

        def end(db: Connection[Row], gateway: Gateway) -> int:
            cancelled = gateway.cancel_everything(customer_seen(db, gateway, customer_id))
            if delete_customer:
                gateway.delete_customer(customer_id)
            return cancelled

        cancelled = await stripe.ask(context.pool, end)
        _log.info("account_erased_at_stripe", subscriptions=cancelled)
        return cancelled

    return Handler(load=None, work=work, save=None, timeout_seconds=60)
