"""erase_account and erase_rows: what is left to do when an account has its tombstone.

The one ends at Stripe what the account still pays for; the other deletes its rows.
"""

from __future__ import annotations

import time

import structlog
from psycopg import Connection

from core.billing_sync import customer_seen
from core.database import Row
from core.stripe_gateway import Gateway
from workers.billing import ask, nothing_to_save
from workers.engine.errors import Park
from workers.engine.handlers import Handler, Run
from workers.engine.queue import Database, Job

_log = structlog.get_logger()
# A large account takes minutes: the job gives its slot back between two goes.
_GO_SECONDS = 20.0
_PAUSE_SECONDS = 1.0


def handler(gateway: Gateway | None, *, delete_customer: bool) -> Handler[str, int]:
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

    return Handler(load=load, work=work, save=nothing_to_save, timeout_seconds=60)


async def load(_db: Database, job: Job) -> str:
    """The customer in the job's arguments."""
    customer_id: str = job.arguments["customer_id"]
    return customer_id


def rows_handler() -> Handler[str, None]:
    """Deletes the rows of an erased account, batch by batch: a killed job goes on where it was."""
    return Handler(load=load_user, work=delete_rows, save=None)


async def load_user(_db: Database, job: Job) -> str:
    """The account in the job's arguments."""
    user_id: str = job.arguments["user_id"]
    return user_id


async def delete_rows(user_id: str, run: Run) -> None:
    """Each batch is a transaction; Park where somebody holds rows, or others wait for the slot."""
    ends_at = time.monotonic() + _GO_SECONDS
    while time.monotonic() < ends_at:
        async with run.pool.connection() as db:
            cursor = await db.execute("select private.erase_batch(%s) as erased", (user_id,))
            row = await cursor.fetchone()
        if row is None or row["erased"] is None:
            return
        if not row["erased"]:
            raise Park("erasing", _PAUSE_SECONDS)
    raise Park("erasing", 0)
