"""What the sync makes of what it sees: whose it is, what it entitles to, what nobody told us."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import OperationalError

from core.billing import BillingError, Gateway
from core.billing_sync import locked, sync_customer, sync_event
from core.database import connect
from core.stripe_inbox import parse_event, record
from local.stripe import Fault
from tests.webhooks.edge import NOW
from tests.webhooks.lifecycles import Trial
from workers.jobs.reconcile_billing import reconcile


@pytest.fixture
def trial(db, fake_stripe):
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    with (
        connect(db.url("webhook"), application_name="test") as webhook,
        connect(db.url("worker"), application_name="test") as worker,
    ):
        yield Trial(db, webhook, worker, fake_stripe, gateway)


def make_identity(db, **columns):
    user_id = uuid.uuid4()
    db.execute(
        "insert into private.identities (issuer, subject, user_id, deleted_at)"
        " values ('i', %s, %s, %s)",
        str(user_id),
        user_id,
        columns.get("deleted_at"),
    )
    return user_id


def look(trial, event):
    """Delivers an event and does its job."""
    parsed = parse_event(event, now=NOW)
    record(trial.webhook, parsed, body_sha256="0" * 64)
    return sync_event(trial.worker, trial.gateway, parsed.id)


def status_of(trial, event):
    return trial.db.value("select status from private.stripe_events where id = %s", event["id"])


def test_a_customer_that_names_an_account_is_bound_to_it(trial):
    user_id = make_identity(trial.db)
    customer = trial.stripe.customer(user_id=str(user_id))["id"]
    trial.stripe.subscribe(customer)
    assert look(trial, trial.stripe.events[-1]) == "done"
    assert trial.db.rows("select user_id, plan from public.subscriptions") == [
        {"user_id": user_id, "plan": "creator"}
    ]


def test_a_strangers_customer_is_an_orphan_whatever_its_address(trial):
    make_identity(trial.db)
    customer = trial.stripe.customer(email="alice@example.test")["id"]
    trial.stripe.subscribe(customer)
    event = trial.stripe.events[-1]
    assert look(trial, event) == "orphan"
    assert status_of(trial, event) == "orphan"
    assert trial.db.value("select count(*) from public.subscriptions") == 0


@pytest.mark.parametrize("claimed", ["", "alice", str(uuid.UUID(int=7)), "0" * 32])
def test_a_customer_that_names_no_account_of_ours_is_an_orphan(trial, claimed):
    trial.stripe.subscribe(trial.stripe.customer(user_id=claimed)["id"])
    assert look(trial, trial.stripe.events[-1]) == "orphan"


def test_a_second_customer_cannot_take_over_an_account(trial):
    user_id, _ = trial.make_customer()
    thief = trial.stripe.customer(user_id=str(user_id))["id"]
    trial.stripe.subscribe(thief, "agency_monthly")
    assert look(trial, trial.stripe.events[-1]) == "orphan"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "free"


def test_an_erased_account_is_not_bound_again(trial):
    user_id = make_identity(trial.db, deleted_at=datetime.now(UTC))
    trial.stripe.subscribe(trial.stripe.customer(user_id=str(user_id))["id"])
    assert look(trial, trial.stripe.events[-1]) == "orphan"


def test_thin_events_lead_to_the_customer_of_their_object(trial):
    user_id, customer = trial.make_customer()
    subscription = trial.stripe.subscribe(customer)
    event = trial.stripe.emit("customer.subscription.active", subscription, thin=True)
    assert look(trial, event) == "done"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"
    paths = [path for method, path in trial.stripe.requests]
    assert paths[0] == f"/v1/subscriptions/{subscription['id']}"


def test_a_thin_event_about_something_gone_is_an_orphan(trial):
    for name in ("sub_gone", "in_gone", "cs_gone", "zz_unknown"):
        subject = {"id": name, "object": "x"}
        event = trial.stripe.emit("customer.subscription.deleted", subject, thin=True)
        assert look(trial, event) == "orphan"
        assert status_of(trial, event) == "orphan"


def test_a_status_that_is_new_to_us_is_kept_and_entitles_to_nothing(trial):
    user_id, customer = trial.make_customer()
    trial.stripe.subscribe(customer, status="hibernating")
    assert look(trial, trial.stripe.events[-1]) == "done"
    assert trial.db.value("select status from public.subscriptions") == "hibernating"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "free"


def test_a_price_that_is_none_of_ours_is_kept_and_entitles_to_nothing(trial):
    user_id, customer = trial.make_customer()
    trial.stripe.subscribe(customer, "sold_by_somebody_else")
    look(trial, trial.stripe.events[-1])
    assert trial.db.rows("select plan, status from public.subscriptions") == [
        {"plan": None, "status": "active"}
    ]
    assert trial.db.value("select private.plan_of(%s)", user_id) == "free"


def test_more_subscriptions_than_a_page_are_all_seen(trial):
    _, customer = trial.make_customer()
    for _ in range(120):
        trial.stripe.subscribe(customer, status="canceled")
    sync_customer(trial.worker, trial.gateway, customer)
    assert trial.db.value("select count(*) from public.subscriptions") == 120


FAULTS = [
    (Fault(status=500), "unavailable"),
    (Fault(status=429), "unavailable"),
    (Fault(drop=True), "unavailable"),
    (Fault(status=401), "misconfigured"),
    (Fault(status=400), "refused"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_when_stripe_fails_the_event_stays_to_be_done(trial, fault, reason):
    _, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    event = trial.stripe.events[-1]
    trial.stripe.faults = lambda *_: fault
    with pytest.raises(BillingError) as caught:
        look(trial, event)
    assert (caught.value.reason, status_of(trial, event)) == (reason, "received")
    trial.stripe.faults = lambda *_: None
    assert look(trial, event) == "done"


BUSY = """
select count(*) from pg_stat_activity where usename = 'worker' and state <> 'idle'
"""


def test_a_slow_stripe_holds_no_transaction_open(trial):
    _, customer = trial.make_customer()
    states = []
    trial.stripe.faults = lambda *_: states.append(trial.db.value(BUSY))
    sync_customer(trial.worker, trial.gateway, customer)
    assert states == [0, 0]


def test_the_lock_is_given_back_after_a_failure(trial):
    with pytest.raises(ZeroDivisionError), locked(trial.worker, "stripe:cus_1"):
        raise ZeroDivisionError
    free = "select pg_try_advisory_lock(hashtextextended('stripe:cus_1', 0)) as free"
    assert trial.webhook.execute(free).fetchone() == {"free": True}


ENTITLEMENTS = [
    ("active", 0, None, "creator"),
    ("trialing", 0, None, "creator"),
    ("active", 0, "keep_as_draft", "creator"),
    ("active", 0, "mark_uncollectible", "creator"),
    ("active", 0, "void", "free"),
    ("trialing", 0, "void", "free"),
    ("past_due", 2.9, None, "creator"),
    ("past_due", 3.1, None, "free"),
    ("past_due", 1, "void", "free"),
    ("unpaid", 0, None, "free"),
    ("paused", 0, None, "free"),
    ("incomplete", 0, None, "free"),
    ("incomplete_expired", 0, None, "free"),
    ("canceled", 0, None, "free"),
]


def test_what_a_subscription_entitles_to(db):
    for status, days, pause, plan in ENTITLEMENTS:
        user_id = make_subscription(db, uuid.uuid4(), status, days=days, pause=pause)
        assert db.value("select private.plan_of(%s)", user_id) == plan, (status, days, pause)


def make_subscription(db, user_id, status, *, plan="creator", days=0.0, pause=None):
    db.execute(
        "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status,"
        " current_period_start, pause_collection) values (%s, %s, %s, %s, %s, %s)",
        user_id,
        f"sub_{uuid.uuid4().hex}",
        plan,
        status,
        datetime.now(UTC) - timedelta(days=days),
        pause,
    )
    return user_id


def test_of_several_subscriptions_the_best_counts(db):
    user_id = uuid.uuid4()
    make_subscription(db, user_id, "active")
    make_subscription(db, user_id, "canceled", plan="agency")
    assert db.value("select private.plan_of(%s)", user_id) == "creator"
    make_subscription(db, user_id, "trialing", plan="agency")
    assert db.value("select private.plan_of(%s)", user_id) == "agency"


def test_the_grace_is_the_plans_own(db):
    user_id = make_subscription(db, uuid.uuid4(), "past_due", days=5)
    assert db.value("select private.plan_of(%s)", user_id) == "free"
    db.execute("update public.plans set grace_days = 7 where id = 'creator'")
    assert db.value("select private.plan_of(%s)", user_id) == "creator"


def test_reconciliation_finds_what_was_never_delivered(trial):
    user_id, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    assert reconcile(trial.worker, trial.gateway, now=NOW) == 1
    [job] = trial.db.rows("select arguments from private.live_jobs")
    assert sync_event(trial.worker, trial.gateway, job["arguments"]["event_id"]) == "done"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def test_reconciliation_queues_events_left_over_and_customers_that_pay(trial):
    user_id, customer = trial.make_customer()
    make_subscription(trial.db, user_id, "active")
    ended, _ = trial.make_customer()
    make_subscription(trial.db, ended, "canceled")
    event = parse_event(
        trial.stripe.emit("invoice.paid", {"id": "in_1", "customer": "cus_1"}), now=0
    )
    record(trial.webhook, event, body_sha256="0" * 64)
    trial.stripe.events.clear()
    trial.db.execute("delete from private.live_jobs")
    trial.db.execute("update private.stripe_events set received_at = now() - interval '3 minutes'")
    assert reconcile(trial.worker, trial.gateway, now=NOW) == 2
    keys = trial.db.rows("select key from private.live_jobs order by key")
    assert [row["key"] for row in keys] == sorted([customer, event.id])


def test_a_customer_looked_at_today_is_left_for_tomorrow(trial):
    user_id, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    sync_customer(trial.worker, trial.gateway, customer)
    trial.stripe.events.clear()
    assert reconcile(trial.worker, trial.gateway, now=NOW) == 0
    trial.db.execute("update private.stripe_customers set synced_at = now() - interval '25 hours'")
    assert reconcile(trial.worker, trial.gateway, now=NOW) == 1
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def test_reconciling_twice_queues_once(trial):
    _, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    for _ in range(2):
        reconcile(trial.worker, trial.gateway, now=NOW)
    assert trial.db.value("select count(*) from private.live_jobs") == 1


def test_old_events_are_forgotten(trial):
    event = parse_event(trial.stripe.emit("charge.refunded", {"id": "ch_1"}), now=NOW)
    record(trial.webhook, event, body_sha256="0" * 64)
    trial.stripe.events.clear()
    trial.db.execute("update private.stripe_events set received_at = now() - interval '91 days'")
    reconcile(trial.worker, trial.gateway, now=NOW)
    assert trial.db.value("select count(*) from private.stripe_events") == 0


def test_a_look_whose_connection_dies_writes_nothing_and_frees_the_customer(trial):
    user_id, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    end_worker = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'"
    with trial.db.as_superuser() as operator:
        trial.stripe.faults = lambda *_: operator.execute(end_worker) and None
        with pytest.raises(OperationalError):
            sync_customer(trial.worker, trial.gateway, customer)
    trial.stripe.faults = lambda *_: None
    assert trial.db.value("select count(*) from public.subscriptions") == 0
    sync_customer(trial.webhook, trial.gateway, customer)
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"
