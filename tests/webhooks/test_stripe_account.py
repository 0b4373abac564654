"""A key of another Stripe account, or mode, finds no customer: none may look deleted."""

from __future__ import annotations

import pytest

from core.billing_sync import customer_seen, parse_event, record, sync_customer, sync_event
from core.database import connect
from core.stripe_gateway import BillingError, Gateway
from local import stripe
from local.stripe import Fault
from tests.webhooks.edge import NOW
from workers.jobs import billing

ALICE_BUYS = {"plan": "creator"}


@pytest.fixture
def worker(db):
    with connect(db.url("worker"), application_name="test") as worker:
        yield worker


@pytest.fixture
def customer(shop, fake_stripe):
    """A customer of ours that pays, made by a checkout."""
    shop.client.post("/subscriptions/create", json=ALICE_BUYS, headers=shop.bearer())
    [session] = fake_stripe.of("checkout.session")
    fake_stripe.pay(session["id"])
    shop.client.post("/subscriptions/sync", headers=shop.bearer())
    return session["customer"]


@pytest.fixture
def elsewhere():
    """Another account, with nothing of ours in it."""
    with stripe.serving(stripe.FakeStripe(account_id="acct_2")) as other:
        yield other


WRONG_KEYS = ["another account", "the other mode"]


@pytest.fixture(params=WRONG_KEYS)
def wrong_gateway(request, customer, elsewhere):
    if request.param == "another account":
        return Gateway("sk_test_1", api_base=elsewhere.base)
    elsewhere.account_id = "acct_1"  # the same account has its own objects in each mode
    return Gateway("rk_live_1", api_base=elsewhere.base)


def plans(db):
    return db.rows("select status, plan from public.subscriptions")


PAYING = [{"status": "active", "plan": "creator"}]


def test_the_first_customer_tells_which_account_is_ours(customer, db):
    assert db.value("select private.stripe_account()") == "acct_1/test"


def test_a_wrong_key_marks_nobody_as_deleted(customer, wrong_gateway, worker, db):
    with pytest.raises(BillingError) as caught:
        sync_customer(worker, wrong_gateway, customer)
    assert caught.value.reason == "misconfigured"
    assert plans(db) == PAYING
    assert db.value("select count(*) from private.stripe_customers where deleted_at is null") == 1


def test_a_wrong_key_makes_no_event_an_orphan(customer, wrong_gateway, worker, fake_stripe, db):
    thin = fake_stripe.emit("invoice.paid", {"id": "in_1", "object": "invoice"}, thin=True)
    event = parse_event(thin, now=NOW)
    record(worker, event, body_sha256="0" * 64)
    with pytest.raises(BillingError):
        sync_event(worker, wrong_gateway, event.id)
    assert (
        db.value("select status from private.stripe_events where id = %s", event.id) == "received"
    )


def test_a_wrong_key_does_not_pass_for_an_erasure(customer, wrong_gateway, worker):
    with pytest.raises(BillingError):
        customer_seen(worker, wrong_gateway, customer)


def test_reconciliation_tells_a_wrong_key_at_once(customer, wrong_gateway, worker):
    with pytest.raises(BillingError) as caught:
        billing.reconcile(worker, wrong_gateway, now=NOW)
    assert caught.value.reason == "misconfigured"


def test_a_wrong_key_sells_nothing(customer, elsewhere, shop):
    shop.app.edge.__dict__["gateway"] = Gateway("sk_test_1", api_base=elsewhere.base)
    for user in ("user_alice", "user_bob"):
        answer = shop.client.post(
            "/subscriptions/create", json=ALICE_BUYS, headers=shop.bearer(user)
        )
        assert (answer.status_code, answer.json["code"]) == (500, "billing_failed")
    assert elsewhere.of("customer") == []


def test_with_the_right_key_a_customer_that_is_gone_counts_as_deleted(
    customer, worker, fake_stripe, db
):
    del fake_stripe.objects[customer]
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    assert sync_customer(worker, gateway, customer) == "done"
    assert plans(db) == [{"status": "canceled", "plan": "creator"}]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_without_an_answer_about_its_account_a_key_sells_all_the_same(
    shop, fake_stripe, db, status
):
    fault = Fault(status=status)
    fake_stripe.faults = lambda _method, path: fault if path == "/v1/account" else None
    answer = shop.client.post("/subscriptions/create", json=ALICE_BUYS, headers=shop.bearer())
    assert answer.status_code == 201
    assert db.value("select private.stripe_account()") is None


def test_a_customer_found_by_its_metadata_tells_the_account_at_the_next_reconciliation(
    shop, fake_stripe, worker, db
):
    user_id = shop.session().json["user"]["id"]
    customer = fake_stripe.add_customer(user_id=user_id)["id"]
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    billing.reconcile(worker, gateway, now=NOW)
    assert db.value("select private.stripe_account()") is None
    sync_customer(worker, gateway, customer)
    billing.reconcile(worker, gateway, now=NOW)
    assert db.value("select private.stripe_account()") == "acct_1/test"


def test_a_key_that_may_no_longer_ask_about_its_account_is_not_held_up(
    customer, fake_stripe, worker
):
    fake_stripe.faults = lambda _method, path: Fault(status=403) if path == "/v1/account" else None
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    billing.reconcile(worker, gateway, now=NOW)
    assert sync_customer(worker, gateway, customer) == "done"
