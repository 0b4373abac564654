"""erase_account: ends at Stripe what an erased account still pays for; its rows are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from core.billing_sync import customer_seen
from workers.billing import ask, nothing_to_save
from workers.handlers import Handler, Run

if TYPE_CHECKING:
    from psycopg import Connection

    from core.billing import Gateway
    from core.database import Row
    from workers.queue import Database, Job

_log = structlog.get_logger()


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
