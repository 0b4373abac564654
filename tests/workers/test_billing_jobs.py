"""Jobs of billing, by a real worker: event in, row out; erasure; what a failing Stripe costs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from psycopg.types.json import Jsonb

from core.database import async_pool
from core.stripe_gateway import Gateway
from local import stripe
from local.stripe import Fault
from tests.database import Database, make_user
from tests.erasure import rows_about
from tests.patience import PATIENCE_SECONDS
from workers.engine.runner import Runner
from workers.jobs import billing, maintenance
from workers.jobs.billing import BILLING_CONNECTIONS, StripeAccess


@pytest.fixture
def shop():
    with stripe.serving() as fake:
        yield fake


@asynccontextmanager
async def working(db: Database, gateway: Gateway | None) -> AsyncIterator[None]:
    async with async_pool(db.url("worker"), application_name="test", max_size=4) as pool:
        access = StripeAccess(gateway)
        handlers = {
            "sync_customer": billing.customer_sync(access),
            "reconcile_billing": billing.reconciliation(access),
            "erase_account": billing.customer_erasure(access, delete_customer=True),
            "erase_rows": maintenance.row_erasure(),
        }
        runner = Runner(
            pool,
            db.url("worker"),
            handlers,
            queues=["billing", "maintenance"],
            concurrency=8,
            lease_seconds=PATIENCE_SECONDS,
        )
        task = asyncio.create_task(runner.run())
        try:
            yield
        finally:
            runner._lease_seconds = 10  # of which what still runs gets a third to end
            runner.stop()
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


@dataclass
class Story:
    """An account that has just paid, and nobody knows yet."""

    user_id: uuid.UUID
    customer: str


@pytest.fixture
def story(db, shop):
    db.execute("delete from private.schedules")  # only what a test starts
    user_id = make_user(db)
    customer = shop.add_customer(user_id=str(user_id))["id"]
    shop.subscribe(customer)
    return Story(user_id, customer)


def arrive(db, event, customer):
    with db.as_webhook() as webhook:
        webhook.execute(
            "select private.record_stripe_event(%s, %s, 0, false, null, %s, null, '0', true)",
            event["id"],
            event["type"],
            customer,
        )


def open_jobs(db) -> int:
    return db.value("select count(*) from private.live_jobs")


async def test_an_event_ends_in_a_row(db, shop, story):
    for event in shop.events * 2:
        arrive(db, event, story.customer)
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: open_jobs(db) == 0)
    assert db.rows("select user_id, plan, status from public.subscriptions") == [
        {"user_id": story.user_id, "plan": "creator", "status": "active"}
    ]
    assert db.rows("select status, user_id from public.jobs") == [
        {"status": "succeeded", "user_id": None}
    ]


async def test_while_stripe_fails_the_job_waits_and_then_ends(db, shop, story):
    shop.faults = lambda *_: Fault(status=500)
    arrive(db, shop.events[0], story.customer)
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: db.value("select failures from public.jobs") == 1)
        assert db.row("select status, error_code from public.jobs") == {
            "status": "queued",
            "error_code": "stripe_unavailable",
        }
        shop.faults = lambda *_: None
        db.execute("update pgmq.q_jobs set vt = now()")
        db.execute("notify jobs, 'billing'")
        await until(lambda: open_jobs(db) == 0)
    assert db.value("select private.plan_of(%s)", story.user_id) == "creator"


async def test_two_jobs_of_a_worker_ask_stripe_at_a_time(monkeypatch):
    asking, may_end = [], asyncio.Event()

    async def in_thread(call):
        asking.append(call)
        await may_end.wait()

    monkeypatch.setattr(asyncio, "to_thread", in_thread)
    pool = async_pool("", application_name="test", max_size=1)
    access = StripeAccess(Gateway("sk_test_1", api_base="http://127.0.0.1:1"))
    jobs = [asyncio.create_task(access.ask(pool, lambda *_: None)) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(asking) == BILLING_CONNECTIONS == 2
    may_end.set()
    await asyncio.gather(*jobs)
    assert len(asking) == len(jobs)


async def failed_with(db, shop, story, fault):
    """What the job says after its first attempt."""
    shop.faults = lambda *_: fault
    arrive(db, shop.events[0], story.customer)
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: db.value("select error_code from public.jobs") is not None)
    return db.row("select status, error_code from public.jobs")


async def test_what_stripe_refuses_is_not_asked_again(db, shop, story):
    outcome = await failed_with(db, shop, story, Fault(status=400))
    assert outcome == {"status": "failed", "error_code": "stripe_refused"}


async def test_a_refused_key_is_waited_for(db, shop, story):
    outcome = await failed_with(db, shop, story, Fault(status=401))
    assert outcome == {"status": "queued", "error_code": "stripe_key_refused"}


async def test_a_worker_without_a_stripe_key_says_so_and_keeps_the_job(db, shop, story):
    arrive(db, shop.events[0], story.customer)
    async with working(db, None):
        await until(lambda: db.value("select error_code from public.jobs") is not None)
    assert db.row("select status, error_code from public.jobs") == {
        "status": "queued",
        "error_code": "billing_not_configured",
    }


async def test_an_erased_accounts_customer_is_ended_and_deleted(db, shop, story):
    with db.as_webhook() as webhook:
        webhook.execute("select private.bind_customer(%s, %s)", story.user_id, story.customer)
    with db.as_user(story.user_id) as owner:
        owner.execute("select public.delete_account()")
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: open_jobs(db) == 0)
    assert [one["status"] for one in shop.of("subscription")] == ["canceled"]
    assert shop.objects[story.customer]["deleted"] is True
    assert rows_about(db, story.user_id) == {}


async def test_reconciliation_as_a_job_brings_in_what_was_never_delivered(db, shop, story):
    db.execute("select private.enqueue('reconcile_billing', null)")
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: open_jobs(db) == 0)
    assert db.value("select private.plan_of(%s)", story.user_id) == "creator"


async def test_without_a_stripe_key_reconciliation_has_nothing_to_do(db, shop, story):
    db.execute("select private.enqueue('reconcile_billing', null)")
    async with working(db, None):
        await until(lambda: open_jobs(db) == 0)
    assert db.value("select status from public.jobs") == "succeeded"


async def test_a_customer_is_looked_at_without_an_event(db, shop, story):
    arguments = Jsonb({"customer_id": story.customer})
    db.execute("select private.enqueue('sync_customer', null, arguments => %s)", arguments)
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: open_jobs(db) == 0)
    assert db.value("select private.plan_of(%s)", story.user_id) == "creator"


async def test_a_job_that_names_nobody_is_a_mistake_of_ours(db, shop, story):
    db.execute("select private.enqueue('sync_customer', null)")
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: db.value("select error_code from public.jobs") is not None)
    assert db.value("select error_code from public.jobs") == "internal_error"


async def test_a_customer_that_other_jobs_keep_writing_is_waited_for(db, shop, story):
    arrive(db, shop.events[0], story.customer)
    with db.as_webhook() as webhook:
        webhook.execute("select private.bind_customer(%s, %s)", story.user_id, story.customer)
    # Whenever it has looked, others have written.
    others_write = "update private.stripe_customers set sync_version = sync_version + 1"
    shop.faults = lambda *_: db.execute(others_write) and None
    async with working(db, Gateway("sk_test_1", api_base=shop.base)):
        await until(lambda: db.value("select error_code from public.jobs") is not None)
    assert db.row("select status, error_code from public.jobs") == {
        "status": "queued",
        "error_code": "customer_busy",
    }
