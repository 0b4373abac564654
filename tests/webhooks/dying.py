"""`python -m tests.webhooks.dying webhook|job`: does one piece of work and kills itself on the way.

DIE_AT counts moments: before and after each statement that the work sends, and each request to
Stripe. Past the last one, the work ends as usual and so does the process.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import stripe

from core.billing import Gateway
from core.config import EdgeSettings
from core.database import async_pool
from webhooks.app import create_app
from workers.jobs import sync_customer
from workers.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

# What belongs to the piece of work; claims and heartbeats come and go by the clock.
_PARTS = ("stripe_event", "advisory", "customer_sync")
# Recurring work comes by the clock, too.
_OPEN = "select count(*) from private.live_jobs where kind = 'sync_customer'"
_moments = itertools.count()


def main() -> None:
    """Entry point."""
    _count(psycopg.Connection, "execute", is_part=_is_part)
    _count(stripe.RequestsClient, "request", is_part=lambda _arguments: True)
    _count_async(psycopg.AsyncConnection, "execute")
    if sys.argv[1] == "webhook":
        _webhook(json.load(sys.stdin))
    else:
        asyncio.run(_job(json.load(sys.stdin)))


def _webhook(given: dict[str, Any]) -> None:
    app = create_app(EdgeSettings(**given["settings"]), clock=lambda: float(given["now"]))
    headers = {"Stripe-Signature": given["signature"]}
    answer = app.test_client().post("/subscriptions/webhook", data=given["body"], headers=headers)
    app.extensions["edge"].database.close()
    sys.exit(0 if answer.status_code == 200 else 1)


async def _job(given: dict[str, Any]) -> None:
    gateway = Gateway("sk_test_1", api_base=given["stripe"])
    async with async_pool(given["url"], application_name="test", max_size=4) as pool:
        runner = Runner(
            pool,
            given["url"],
            {"sync_customer": sync_customer.handler(gateway)},
            queues=["billing"],
            concurrency=1,
            lease_seconds=30,
        )
        task = asyncio.create_task(runner.run())
        with psycopg.connect(given["owner_url"], autocommit=True) as db:
            while db.execute(_OPEN).fetchone() != (0,):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        runner.stop()
        await task


def _moment() -> None:
    if next(_moments) == int(os.environ.get("DIE_AT", "-1")):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_part(arguments: tuple[Any, ...]) -> bool:
    statement = str(arguments[0])
    if "private.turn" in statement:  # acknowledges, too, when it is given finished messages
        return bool(arguments[1][1])
    return any(part in statement for part in (*_PARTS, "private.complete"))


def _count(kind: type, name: str, *, is_part: Callable[[tuple[Any, ...]], bool]) -> None:
    original = getattr(kind, name)

    def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        if not is_part(arguments):
            return original(self, *arguments, **options)
        _moment()
        result = original(self, *arguments, **options)
        _moment()
        return result

    setattr(kind, name, counted)


def _count_async(kind: type, name: str) -> None:
    original = getattr(kind, name)

    async def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_part(arguments):
            return await original(self, *arguments, **options)
        _moment()
        result = await original(self, *arguments, **options)
        _moment()
        return result

    setattr(kind, name, counted)


if __name__ == "__main__":
    main()
