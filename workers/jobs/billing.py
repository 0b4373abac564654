"""The jobs of billing: sync_customer, reconcile_billing, erase_account.

Each asks Stripe in a thread, on a database session of its own; failures become Retry or Reject.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

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
)
from core.database import Row, connect
from core.stripe_gateway import BillingError, Gateway
from workers.engine.errors import Reject, Retry
from workers.engine.handlers import Handler, Run
from workers.engine.queue import Database, Job, Pool

_log = structlog.get_logger()

_T = TypeVar("_T")
_NOT_CONFIGURED_SECONDS = 600.0
BILLING_CONNECTIONS = 2
_SESSIONS: WeakKeyDictionary[Pool, asyncio.Semaphore] = WeakKeyDictionary()
# Stripe gives up on a delivery after three days, and lists its events for thirty.
_LOOK_BACK_SECONDS = 7 * 24 * 3600


async def ask(
    pool: Pool, gateway: Gateway | None, call: Callable[[Connection[Row], Gateway], _T]
) -> _T:
    """What `call` returns; it may block. Raises Retry or Reject."""
    if gateway is None:
        raise Retry(
            "billing_not_configured",
            "Billing is not set up on this worker.",
            _NOT_CONFIGURED_SECONDS,
        )

    def blocking() -> _T:
        # The pool is asyncio's; a thread needs a session of its own.
        with connect(str(pool.conninfo), application_name="worker-billing") as db:
            return call(db, gateway)

    try:
        async with _sessions(pool):
            return await asyncio.to_thread(blocking)
    except BillingError as error:
        raise _outcome(error) from error


def _sessions(pool: Pool) -> asyncio.Semaphore:
    """How many sessions of their own the jobs of a worker may have at a time."""
    return _SESSIONS.setdefault(pool, asyncio.Semaphore(BILLING_CONNECTIONS))


def _outcome(error: BillingError) -> Retry | Reject:
    if error.reason == "unavailable":
        return Retry(
            "stripe_unavailable", "The payment service can't be reached.", error.after_seconds
        )
    if error.reason == "busy":
        return Retry("customer_busy", "Other jobs look at this customer now.", error.after_seconds)
    if error.reason == "misconfigured":
        # A key is being rotated, or wrong: people mend that, so the job waits for them.
        return Retry(
            "stripe_key_refused", "The payment service refused our key.", _NOT_CONFIGURED_SECONDS
        )
    return Reject("stripe_refused", "The payment service refused this request.")


async def nothing_to_save(_db: Database, _job: Job, _output: object) -> None:
    """For jobs that have written already and are safe to repeat."""


@dataclass(frozen=True)
class Hint:
    """Why to look: an event, or (reconciliation) a customer without one."""

    event_id: str | None
    customer_id: str | None


def customer_sync(gateway: Gateway | None) -> Handler[Hint, SyncOutcome]:
    """The handler with its way to Stripe; None where billing is not set up."""

    async def work(hint: Hint, run: Run) -> SyncOutcome:
        outcome = await ask(run.pool, gateway, lambda db, stripe: _sync(db, stripe, hint))
        _log.info("customer_synced", outcome=outcome, event_id=hint.event_id)
        return outcome

    return Handler(load=load_hint, work=work, save=nothing_to_save, timeout_seconds=60)


async def load_hint(_db: Database, job: Job) -> Hint:
    """The ids in the job's arguments."""
    return Hint(job.arguments.get("event_id"), job.arguments.get("customer_id"))


def _sync(db: Connection[Row], gateway: Gateway, hint: Hint) -> SyncOutcome:
    if hint.event_id is not None:
        return sync_event(db, gateway, hint.event_id)
    if hint.customer_id is not None:
        return sync_customer(db, gateway, hint.customer_id)
    raise ValueError("a sync_customer job names neither an event nor a customer")


def reconciliation(gateway: Gateway | None) -> Handler[None, int]:
    """The handler with its way to Stripe; None where billing is not set up."""

    async def work(_: None, run: Run) -> int:
        if gateway is None:  # scheduled everywhere, also where nothing is sold
            return 0
        return await ask(run.pool, gateway, reconcile)

    return Handler(load=load_nothing, work=work, save=nothing_to_save, timeout_seconds=300)


async def load_nothing(_db: Database, _job: Job) -> None:
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


def customer_erasure(gateway: Gateway | None, *, delete_customer: bool) -> Handler[str, int]:
    """`delete_customer`: also delete the customer itself; invoices must often be kept by law."""

    def end(db: Connection[Row], stripe: Gateway, customer_id: str) -> int:
        cancelled = stripe.cancel_everything(customer_seen(db, stripe, customer_id))
        if delete_customer:
            stripe.delete_customer(customer_id)
        return cancelled

    async def work(customer_id: str, run: Run) -> int:
        cancelled = await ask(run.pool, gateway, lambda db, stripe: end(db, stripe, customer_id))
        _log.info("account_erased_at_stripe", subscriptions=cancelled)
        return cancelled

    return Handler(load=load_customer, work=work, save=nothing_to_save, timeout_seconds=60)


async def load_customer(_db: Database, job: Job) -> str:
    """The customer in the job's arguments."""
    customer_id: str = job.arguments["customer_id"]
    return customer_id
