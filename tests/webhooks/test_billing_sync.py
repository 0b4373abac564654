"""What the sync makes of what it sees: whose it is, what it entitles to, what nobody told us."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import OperationalError

from core.billing_sync import parse_event, record, sync_customer, sync_event
from core.database import connect
from core.stripe_gateway import BillingError, Gateway
from local.stripe import Fault
from tests.database import make_user
from tests.erasure import bury
from tests.webhooks.edge import NOW
from tests.webhooks.lifecycles import Trial
from tests.webhooks.pooler import ADVISORY_LOCKS, pooled
from workers.jobs.billing import reconcile


@pytest.fixture
def trial(db, fake_stripe):
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    with (
        connect(db.url("webhook"), application_name="test") as webhook,
        connect(db.url("worker"), application_name="test") as worker,
    ):
        yield Trial(db, webhook, worker, fake_stripe, gateway)


def look(trial, event):
    """Delivers an event and does its job."""
    parsed = parse_event(event, now=NOW)
    record(trial.webhook, parsed, body_sha256="0" * 64)
    return sync_event(trial.worker, trial.gateway, parsed.id)


def status_of(trial, event):
    return trial.db.value("select status from private.stripe_events where id = %s", event["id"])


def test_a_customer_that_names_an_account_is_bound_to_it(trial):
    user_id = make_user(trial.db)
    customer = trial.stripe.add_customer(user_id=str(user_id))["id"]
    trial.stripe.subscribe(customer)
    assert look(trial, trial.stripe.events[-1]) == "done"
    assert trial.db.rows("select user_id, plan from public.subscriptions") == [
        {"user_id": user_id, "plan": "creator"}
    ]


def test_a_strangers_customer_is_an_orphan_whatever_its_address(trial):
    make_user(trial.db)
    customer = trial.stripe.add_customer(email="alice@example.test")["id"]
    trial.stripe.subscribe(customer)
    event = trial.stripe.events[-1]
    assert look(trial, event) == "orphan"
    assert status_of(trial, event) == "orphan"
    assert trial.db.value("select count(*) from public.subscriptions") == 0


@pytest.mark.parametrize("claimed", ["", "alice", str(uuid.UUID(int=7)), "0" * 32])
def test_a_customer_that_names_no_account_of_ours_is_an_orphan(trial, claimed):
    trial.stripe.subscribe(trial.stripe.add_customer(user_id=claimed)["id"])
    assert look(trial, trial.stripe.events[-1]) == "orphan"


def test_a_second_customer_cannot_take_over_an_account(trial):
    user_id, _ = trial.make_customer()
    thief = trial.stripe.add_customer(user_id=str(user_id))["id"]
    trial.stripe.subscribe(thief, "agency_monthly")
    assert look(trial, trial.stripe.events[-1]) == "orphan"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "free"


def test_an_erased_account_is_not_bound_again(trial):
    user_id = make_user(trial.db)
    bury(trial.db, user_id)
    trial.stripe.subscribe(trial.stripe.add_customer(user_id=str(user_id))["id"])
    assert look(trial, trial.stripe.events[-1]) == "ignored"
    assert trial.db.value("select count(*) from private.stripe_customers") == 0


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


def test_a_look_leaves_no_lock_in_the_sessions_of_a_pooler(trial):
    user_id, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    with pooled(trial.db, "worker") as session:
        assert sync_customer(session, trial.gateway, customer) == "done"
        assert trial.db.value(ADVISORY_LOCKS) == 0
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def before_each_write(trial, happen):
    """Calls `happen` when a look of the worker's has its answers, and has yet to write them."""
    answer = trial.stripe.answer

    def answered(method, path, form, key):
        reply = copy.deepcopy(answer(method, path, form, key))
        if path == "/v1/subscriptions":
            trial.stripe.answer = answer  # what happens then is not disturbed itself
            happen()
            trial.stripe.answer = answered
        return reply

    trial.stripe.answer = answered


def test_a_look_that_another_one_overtook_is_repeated(trial):
    """Without the second look, the first one's older answer would be the last word."""
    user_id, customer = trial.make_customer()
    subscription = trial.stripe.subscribe(customer)["id"]
    changes = iter([lambda: trial.stripe.upgrade(subscription, "agency_monthly")])

    def overtake():
        for change in changes:
            change()
            sync_customer(trial.webhook, trial.gateway, customer)

    before_each_write(trial, overtake)
    assert sync_customer(trial.worker, trial.gateway, customer) == "done"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "agency"


def test_a_look_that_others_keep_overtaking_gives_up(trial):
    _, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    before_each_write(trial, lambda: sync_customer(trial.webhook, trial.gateway, customer))
    with pytest.raises(BillingError) as caught:
        sync_customer(trial.worker, trial.gateway, customer)
    assert caught.value.reason == "busy"


def test_an_event_that_another_look_has_covered_is_done(trial):
    _, customer = trial.make_customer()
    trial.stripe.subscribe(customer)
    before_each_write(trial, lambda: sync_customer(trial.webhook, trial.gateway, customer))
    assert look(trial, trial.stripe.events[-1]) == "already_done"
    assert status_of(trial, trial.stripe.events[-1]) == "done"


def test_two_first_looks_at_a_customer_bind_it_once(trial):
    user_id = make_user(trial.db)
    customer = trial.stripe.add_customer(user_id=str(user_id))["id"]
    trial.stripe.subscribe(customer)
    first = iter([1])

    def overtake():
        for _ in first:
            assert sync_customer(trial.webhook, trial.gateway, customer) == "done"

    before_each_write(trial, overtake)
    assert sync_customer(trial.worker, trial.gateway, customer) == "done"
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def test_a_late_event_of_a_replaced_customer_is_no_alarm(trial):
    user_id, former = trial.make_customer()
    trial.stripe.subscribe(former)
    late = trial.stripe.events[-1]
    trial.stripe.delete(former)
    sync_customer(trial.worker, trial.gateway, former)
    customer = trial.stripe.add_customer(user_id=str(user_id))["id"]
    trial.webhook.execute("select private.bind_customer(%s, %s)", (user_id, customer))
    trial.stripe.subscribe(customer)
    sync_customer(trial.worker, trial.gateway, customer)
    assert look(trial, late) == "ignored"
    assert trial.db.value("select private.orphan_events()") == 0
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def test_the_events_of_an_erasure_are_no_alarm(trial):
    user_id, customer = trial.make_customer()
    subscription = trial.stripe.subscribe(customer)["id"]
    with trial.db.as_user(user_id) as owner:
        owner.execute("select public.delete_account()")
    trial.stripe.cancel(subscription)
    assert look(trial, trial.stripe.events[-1]) == "ignored"
    trial.stripe.delete(customer)
    assert look(trial, trial.stripe.events[-1]) == "ignored"


def test_what_an_erased_account_still_pays_for_is_ended(trial):
    user_id, customer = trial.make_customer()
    with trial.db.as_user(user_id) as owner:
        owner.execute("select public.delete_account()")
    trial.db.execute("delete from private.live_jobs")  # it ran before the payment came
    trial.stripe.subscribe(customer)
    assert look(trial, trial.stripe.events[-1]) == "ignored"
    jobs = "select arguments from private.live_jobs where kind = 'erase_account'"
    assert trial.db.rows(jobs) == [{"arguments": {"customer_id": customer}}]


def test_the_grace_begins_when_a_payment_within_the_period_fails(trial):
    user_id, customer = trial.make_customer()
    now = int(datetime.now(UTC).timestamp())
    trial.stripe.now = lambda: now - 20 * 86_400
    name = trial.stripe.subscribe(customer)["id"]
    for days, plan in ((0, "creator"), (2, "creator"), (4, "free")):
        trial.stripe.now = lambda days=days: now - days * 86_400
        trial.stripe.fail_payment(name)
        sync_customer(trial.worker, trial.gateway, customer)
        assert trial.db.value("select private.plan_of(%s)", user_id) == plan, days


@pytest.mark.parametrize("latest", [None, {"status": "draft", "created": 5}])
def test_without_a_due_invoice_the_grace_begins_when_it_is_seen(trial, latest):
    user_id, customer = trial.make_customer()
    invoice = trial.stripe._add("in", "invoice", **latest)["id"] if latest else None
    trial.stripe.subscribe(customer, status="past_due", latest_invoice=invoice)
    sync_customer(trial.worker, trial.gateway, customer)
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"
    trial.db.execute("update public.subscriptions set past_due_at = now() - interval '4 days'")
    sync_customer(trial.worker, trial.gateway, customer)
    assert trial.db.value("select private.plan_of(%s)", user_id) == "free"


ENDS = [
    ({"cancel_at_period_end": True, "cancel_at": None}, True),
    ({"cancel_at_period_end": True, "cancel_at": 2_000_000_000}, True),
    ({"cancel_at_period_end": False, "cancel_at": 2_000_000_000}, True),
    ({"cancel_at_period_end": False, "cancel_at": None}, False),
]


@pytest.mark.parametrize(("fields", "ends"), ENDS)
def test_a_subscription_that_ends_in_either_way_says_so_and_when(trial, fields, ends):
    user_id, customer = trial.make_customer()
    [item] = trial.stripe.subscribe(customer, **fields)["items"]["data"]
    sync_customer(trial.worker, trial.gateway, customer)
    at = fields["cancel_at"] or item["current_period_end"]
    with trial.db.as_user(user_id) as owner:
        shown = owner.value("select subscription from public.account()")
    assert shown["cancel_at_period_end"] is ends
    assert shown["cancel_at"] == (datetime.fromtimestamp(at, UTC).isoformat() if ends else None)


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
        user_id = make_subscription(db, make_user(db), status, days=days, pause=pause)
        assert db.value("select private.plan_of(%s)", user_id) == plan, (status, days, pause)


def make_subscription(db, user_id, status, *, plan="creator", days=0.0, pause=None):
    db.execute(
        "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status,"
        " past_due_at, pause_collection) values (%s, %s, %s, %s, %s, %s)",
        user_id,
        f"sub_{uuid.uuid4().hex}",
        plan,
        status,
        datetime.now(UTC) - timedelta(days=days),
        pause,
    )
    return user_id


def test_of_several_subscriptions_the_best_counts(db):
    user_id = make_user(db)
    make_subscription(db, user_id, "active")
    make_subscription(db, user_id, "canceled", plan="agency")
    assert db.value("select private.plan_of(%s)", user_id) == "creator"
    make_subscription(db, user_id, "trialing", plan="agency")
    assert db.value("select private.plan_of(%s)", user_id) == "agency"


def test_the_grace_is_the_plans_own(db):
    user_id = make_subscription(db, make_user(db), "past_due", days=5)
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


def due(trial):
    """The customers that a reconciliation looks at now."""
    trial.stripe.events.clear()
    trial.db.execute("delete from private.live_jobs")
    reconcile(trial.worker, trial.gateway, now=NOW)
    return [row["key"] for row in trial.db.rows("select key from private.live_jobs")]


def check_out(trial, user_id):
    statement = "select private.confirm_checkout(%s, private.begin_checkout(%s)) as made"
    assert trial.webhook.execute(statement, (user_id, user_id)).fetchone() == {"made": True}


def test_what_was_bought_while_no_event_came_is_found(trial):
    user_id, customer = trial.make_customer()
    check_out(trial, user_id)
    trial.stripe.subscribe(customer)
    assert due(trial) == [customer]
    sync_customer(trial.worker, trial.gateway, customer)
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def test_a_checkout_page_is_looked_after_until_it_has_closed(trial):
    user_id, customer = trial.make_customer()
    assert due(trial) == []
    check_out(trial, user_id)
    sync_customer(trial.worker, trial.gateway, customer)
    assert due(trial) == [customer]
    trial.db.execute("update private.stripe_customers set checked_out_at = now() - interval '1 h'")
    assert due(trial) == []


def test_an_orphan_that_is_bound_by_hand_is_found_and_forgotten(trial):
    user_id = make_user(trial.db)
    customer = trial.stripe.add_customer()
    trial.stripe.subscribe(customer["id"])
    assert look(trial, trial.stripe.events[-1]) == "orphan"
    assert due(trial) == []
    orphans = "select private.orphan_events()"
    trial.db.execute("update private.stripe_events set finished_at = now() - interval '61 min'")
    assert due(trial) == [customer["id"]]
    assert sync_customer(trial.worker, trial.gateway, customer["id"]) == "orphan"
    assert trial.db.value(orphans) == 1
    assert due(trial) == []
    customer["metadata"] = {"user_id": str(user_id)}
    assert sync_customer(trial.worker, trial.gateway, customer["id"]) == "done"
    assert trial.db.value(orphans) == 0
    assert trial.db.value("select private.plan_of(%s)", user_id) == "creator"


def test_what_somebody_sold_in_the_dashboard_is_found_within_a_month(trial):
    _, customer = trial.make_customer()
    trial.db.execute("update private.stripe_customers set created_at = now() - interval '31 days'")
    assert due(trial) == [customer]
    sync_customer(trial.worker, trial.gateway, customer)
    assert due(trial) == []


def test_a_reconciliation_queues_a_bounded_number_of_looks(trial):
    users = [uuid.UUID(int=number) for number in range(1001)]
    trial.db.make_accounts(*users)
    trial.db.execute(
        "insert into private.stripe_customers (user_id, customer_id, created_at)"
        " select u.id, 'cus_' || u.n, now() - interval '31 days'"
        " from unnest(%s) with ordinality as u (id, n)",
        users,
    )
    assert len(due(trial)) == 1000


def test_a_reconciliation_queues_a_bounded_number_of_orphans_and_events(trial):
    trial.db.execute(
        "insert into private.stripe_events"
        " (id, type, status, customer_id, created, is_live, received_at, finished_at)"
        " select 'evt_' || kind || n, 'ping', kind, 'cus_' || n, now(), false,"
        " now() - interval '2 h', case kind when 'orphan' then now() - interval '2 h' end"
        " from (values ('orphan', 101), ('received', 5001)) as e (kind, number),"
        " generate_series(1, number) as n"
    )
    keys = due(trial)
    counts = [sum(key.startswith(kind) for key in keys) for kind in ("cus_", "evt_received")]
    assert counts == [100, 5000]


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
