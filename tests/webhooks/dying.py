"""`python -m tests.webhooks.dying webhook|job`: one piece of work in a process that may be killed.

What it does comes as JSON on standard input; who kills it, and when, is not its business.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import psycopg

from core.config import EdgeSettings
from core.database import async_pool
from core.stripe_gateway import Gateway
from webhooks.app import create_app
from workers.engine.runner import Runner
from workers.jobs import billing, maintenance

# Recurring work comes by the clock; a job ends by leaving this view.
_OPEN = (
    "select count(*) from private.live_jobs"
    " where kind in ('sync_customer', 'erase_account', 'erase_rows')"
)


def main() -> None:
    """Entry point."""
    given = json.load(sys.stdin)
    if sys.argv[1] == "webhook":
        answer_webhook(given)
    else:
        asyncio.run(do_jobs(given["url"], given["owner_url"], given["stripe"]))


def answer_webhook(given: dict[str, Any]) -> None:
    """Fails unless the answer is 200."""
    app = create_app(EdgeSettings(**given["settings"]), clock=lambda: float(given["now"]))
    answer = app.test_client().post(given["path"], data=given["body"], headers=given["headers"])
    app.edge.database.close()
    if answer.status_code != 200:
        raise SystemExit(answer.text)


async def do_jobs(url: str, owner_url: str, stripe: str) -> None:
    """Runs a worker until no job of billing or erasure is left."""
    access = billing.StripeAccess(Gateway("sk_test_1", api_base=stripe))
    async with async_pool(url, application_name="test", max_size=4) as pool:
        runner = Runner(
            pool,
            url,
            {
                "sync_customer": billing.customer_sync(access),
                "erase_account": billing.customer_erasure(access, delete_customer=True),
                "erase_rows": maintenance.row_erasure(),
            },
            queues=["billing", "maintenance"],
            concurrency=1,
            lease_seconds=30,
        )
        task = asyncio.create_task(runner.run())
        with psycopg.connect(owner_url, autocommit=True) as db:
            while db.execute(_OPEN).fetchone() != (0,):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        runner.stop()
        await task


if __name__ == "__main__":
    main()
