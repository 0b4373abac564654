"""How a job asks Stripe: in a thread, on a database session of its own, failures translated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from psycopg import Connection

from core.database import Row, connect
from core.stripe_gateway import BillingError, Gateway
from workers.engine.errors import Reject, Retry
from workers.engine.queue import Database, Job, Pool

_T = TypeVar("_T")
_NOT_CONFIGURED_SECONDS = 600.0
BILLING_CONNECTIONS = 2
_SESSIONS: WeakKeyDictionary[Pool, asyncio.Semaphore] = WeakKeyDictionary()


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
