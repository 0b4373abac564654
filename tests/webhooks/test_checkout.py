"""Checkout, portal and sync, with the real Stripe client against a Stripe on loopback."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.stripe_gateway import Gateway
from local.stripe import Fault
from tests.webhooks.edge import NOW, Edge
from tests.webhooks.pooler import ADVISORY_LOCKS, pooled
from webhooks import checkout
from webhooks.checkout import CheckoutService


def create(edge: Edge, plan="creator", user="user_alice", **more):
    return edge.client.post(
        "/subscriptions/create", json={"plan": plan} | more, headers=edge.bearer(user)
    )


def test_a_checkout_is_made_for_the_accounts_own_customer(shop, fake_stripe, db):
    user_id = shop.session().json["user"]["id"]
    answer = create(shop)
    [customer], [session] = fake_stripe.of("customer"), fake_stripe.of("checkout.session")
    assert (answer.status_code, answer.json) == (201, {"url": session["url"]})
    assert customer["metadata"] == {"user_id": user_id}
    assert session == session | {
        "mode": "subscription",
        "customer": customer["id"],
        "client_reference_id": user_id,
        "metadata": {"user_id": user_id, "plan": "creator", "interval": "month"},
        "subscription_data": {
            "metadata": {"user_id": user_id, "plan": "creator", "interval": "month"}
        },
        "success_url": "http://127.0.0.1:3000/billing/success",
        "cancel_url": "http://127.0.0.1:3000/billing",
        "expires_at": str(NOW + 31 * 60),
    }
    assert db.rows("select user_id::text, customer_id from private.stripe_customers") == [
        {"user_id": user_id, "customer_id": customer["id"]}
    ]


def test_the_same_plan_again_reuses_the_open_checkout(shop, fake_stripe):
    assert create(shop).json == create(shop).json
    assert len(fake_stripe.of("checkout.session")) == 1


def test_another_plan_closes_the_checkout_of_the_first(shop, fake_stripe):
    create(shop, "creator")
    create(shop, "agency")
    states = [(s["metadata"]["plan"], s["status"]) for s in fake_stripe.of("checkout.session")]
    assert states == [("agency", "open"), ("creator", "expired")]


def price_of(fake_stripe, session):
    return fake_stripe.objects[session["line_items"]["0"]["price"]]["lookup_key"]


def test_the_interval_chooses_the_price(shop, fake_stripe):
    create(shop)
    create(shop, interval="year")
    yearly, monthly = fake_stripe.of("checkout.session")
    assert (price_of(fake_stripe, monthly), monthly["status"]) == ("creator_monthly", "expired")
    assert (price_of(fake_stripe, yearly), yearly["status"]) == ("creator_yearly", "open")
    assert create(shop, interval="year").json == {"url": yearly["url"]}
    fake_stripe.pay(yearly["id"])
    assert shop.client.post("/subscriptions/sync", headers=shop.bearer()).json["plan"] == "creator"


def test_a_plan_is_sold_in_the_intervals_of_its_prices_only(shop, db):
    db.execute("update private.plan_prices set is_offered = false where lookup_key ~ 'year'")
    for interval in ("year", "week", "", 5, None, ["month"]):
        answer = create(shop, interval=interval)
        assert (answer.status_code, answer.json["code"]) == (422, "unknown_plan")


def test_what_is_shown_is_what_stripe_charges(shop, fake_stripe, db):
    shown = db.rows("select id, prices from public.plans order by rank")
    for plan in shown:
        for price in plan["prices"]:
            assert create(shop, plan["id"], interval=price["interval"]).status_code == 201
            [session] = fake_stripe.of("checkout.session", status="open")
            charged = fake_stripe.objects[session["line_items"]["0"]["price"]]
            assert price == {
                "interval": charged["recurring"]["interval"],
                "amount": charged["unit_amount"],
                "currency": charged["currency"],
                "lookup_key": charged["lookup_key"],
            }
    assert [(plan["id"], len(plan["prices"])) for plan in shown] == [
        ("free", 0), ("creator", 2), ("agency", 2),
    ]  # fmt: skip


def test_clicks_at_once_make_one_customer_and_one_checkout(shop, fake_stripe):
    with ThreadPoolExecutor(8) as clicks:
        answers = list(clicks.map(lambda _: create_apart(shop), range(8)))
    assert len(fake_stripe.of("customer")) == len(fake_stripe.of("checkout.session")) == 1
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert len({answer.json["url"] for answer in answers if answer.status_code == 201}) == 1


def create_apart(shop):
    return shop.app.test_client().post(
        "/subscriptions/create", json={"plan": "creator"}, headers=shop.bearer()
    )


def test_a_second_subscription_is_refused_before_any_event_came(shop, fake_stripe):
    create(shop)
    [session] = fake_stripe.of("checkout.session")
    subscription = fake_stripe.pay(session["id"])
    for status in ("trialing", "active", "past_due", "unpaid", "paused"):
        subscription["status"] = status
        answer = create(shop, "agency")
        assert (answer.status_code, answer.json["code"]) == (409, "already_subscribed")


def test_what_has_ended_or_never_began_can_be_bought_again(shop, fake_stripe):
    create(shop)
    [session] = fake_stripe.of("checkout.session")
    subscription = fake_stripe.pay(session["id"])
    for status in ("canceled", "incomplete_expired", "incomplete"):
        subscription["status"] = status
        assert create(shop).status_code == 201


def test_a_customer_deleted_at_stripe_is_replaced(shop, fake_stripe, db):
    create(shop)
    [first] = fake_stripe.of("customer")
    fake_stripe.delete(first["id"])
    assert create(shop).status_code == 201
    second = db.value("select customer_id from private.stripe_customers where deleted_at is null")
    assert second != first["id"]


def test_only_plans_on_offer_can_be_bought(shop):
    for plan in ("free", "gold", "", 5, None, ["creator"], "x" * 3000, "créateur"):
        answer = create(shop, plan)
        assert (answer.status_code, answer.json["code"]) == (422, "unknown_plan")


BODIES = [
    (b"", 400, "invalid_request"),
    (b"[]", 400, "invalid_request"),
    (b'{"plan":NaN}', 400, "invalid_request"),
    (b'{"plan":"creator","plan":"agency"}', 400, "invalid_request"),
    (b'{"plan":"' + b"x" * 5000 + b'"}', 413, "too_large"),
]


def test_a_body_that_is_none_is_refused(shop):
    for body, status, code in BODIES:
        headers = shop.bearer() | {"Content-Type": "application/json"}
        answer = shop.client.post("/subscriptions/create", data=body, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_form_is_refused(shop):
    answer = shop.client.post(
        "/subscriptions/create", data={"plan": "creator"}, headers=shop.bearer()
    )
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


ROUTES = ["/subscriptions/create", "/subscriptions/portal", "/subscriptions/sync"]


def test_nobody_buys_anything_without_signing_in(stateless_edge):
    for route in ROUTES:
        answer = stateless_edge.client.post(route, json={"plan": "creator"})
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_without_a_stripe_key_billing_says_so(edge):
    for route in ROUTES:
        answer = edge.client.post(route, json={"plan": "creator"}, headers=edge.bearer())
        assert (answer.status_code, answer.json["code"]) == (503, "billing_not_configured")


def test_a_token_of_ours_is_as_good_as_clerks(shop, fake_stripe):
    token = shop.session().json["access_token"]
    answer = shop.client.post(
        "/subscriptions/create",
        json={"plan": "creator"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 201


def test_the_portal_opens_for_a_customer_only(shop, fake_stripe):
    before = shop.client.post("/subscriptions/portal", headers=shop.bearer())
    create(shop)
    after = shop.client.post("/subscriptions/portal", headers=shop.bearer())
    assert (before.status_code, before.json["code"]) == (404, "no_customer")
    assert (after.status_code, after.json) == (201, {"url": "https://billing.stripe.test/p"})


def test_the_success_page_that_beats_the_event_sees_the_plan(shop, fake_stripe, db):
    create(shop)
    [session] = fake_stripe.of("checkout.session")
    fake_stripe.pay(session["id"])
    answer = shop.client.post("/subscriptions/sync", headers=shop.bearer())
    assert (answer.status_code, answer.json) == (200, {"plan": "creator"})
    assert db.rows("select plan, status from public.subscriptions") == [
        {"plan": "creator", "status": "active"}
    ]


FAULTS = [
    (Fault(status=500), 503, "billing_unavailable"),
    (Fault(drop=True), 503, "billing_unavailable"),
    (Fault(status=429, retry_after=7), 503, "billing_unavailable"),
    (Fault(status=401), 500, "billing_failed"),
    (Fault(status=403), 500, "billing_failed"),
    (Fault(status=402), 502, "billing_failed"),
    (Fault(status=400), 502, "billing_failed"),
]


def test_stripes_failures_have_a_code(shop, fake_stripe):
    for fault, status, code in FAULTS:
        fake_stripe.faults = lambda _method, _path, fault=fault: fault
        answer = create(shop)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        waits = ("7" if fault.retry_after else "5") if status == 503 else None
        assert answer.headers.get("Retry-After") == waits


def test_a_lost_answer_does_not_make_a_second_customer(shop, fake_stripe):
    lost = iter([Fault(drop=True, after=True)])
    fake_stripe.faults = lambda method, path: (
        next(lost, None) if (method, path) == ("POST", "/v1/customers") else None
    )
    assert create(shop).status_code == 201
    assert len(fake_stripe.of("customer")) == 1


def failing_once(fake_stripe, fault):
    """One request for a customer fails so; Stripe's client has tried it twice by itself."""
    fake_stripe.faults = lambda method, path: (
        fault if (method, path) == ("POST", "/v1/customers") else None
    )


def test_a_failure_that_stripe_stores_is_over_at_the_next_click(shop, fake_stripe):
    failing_once(fake_stripe, Fault(status=500))
    assert create(shop).status_code == 503
    fake_stripe.faults = lambda *_: None
    assert create(shop).status_code == 201
    assert len(fake_stripe.of("customer")) == 1


def test_a_customer_made_by_a_request_that_failed_is_found(shop, fake_stripe):
    failing_once(fake_stripe, Fault(status=500, after=True))
    assert create(shop).status_code == 503
    fake_stripe.faults = lambda *_: None
    assert create(shop).status_code == 201
    assert len(fake_stripe.of("customer")) == 1


@pytest.mark.parametrize("is_day_later", [False, True])
def test_a_customer_made_by_a_request_whose_answer_was_lost_is_found(
    shop, fake_stripe, is_day_later
):
    failing_once(fake_stripe, Fault(drop=True, after=True))
    assert create(shop).status_code == 503
    fake_stripe.faults = lambda *_: None
    for number in range(120):
        fake_stripe.add_customer(user_id=str(uuid.UUID(int=number)))
    if is_day_later:
        fake_stripe._replies.clear()  # Stripe forgets keys after a day
        fake_stripe.now = lambda: NOW + 90_000
    assert create(shop).status_code == 201
    user_id = shop.session().json["user"]["id"]
    assert len(fake_stripe.of("customer", metadata={"user_id": user_id})) == 1


def test_a_failed_checkout_page_is_made_at_the_next_click(shop, fake_stripe):
    fault = Fault(status=500)
    fake_stripe.faults = lambda method, path: (
        fault if (method, path) == ("POST", "/v1/checkout/sessions") else None
    )
    assert create(shop).status_code == 503
    fake_stripe.faults = lambda *_: None
    assert create(shop).status_code == 201
    assert len(fake_stripe.of("checkout.session")) == 1


def test_a_checkout_leaves_no_lock_in_the_sessions_of_a_pooler(shop, fake_stripe, db):
    user_id = uuid.UUID(shop.session().json["user"]["id"])
    with pooled(db, "webhook") as session:
        gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
        service = CheckoutService(
            session, gateway, user_id, "creator", "month", "https://app.test", "development", NOW
        )
        first, second = [service.checkout(["creator_monthly"]) for _ in range(2)]
        assert first.id == second.id
        assert db.value(ADVISORY_LOCKS) == 0


def start_checkout(db, user_id):
    with db.as_webhook() as webhook:
        return webhook.value("select private.begin_checkout(%s)", user_id)


def test_beside_another_checkout_of_the_account_a_click_waits_for_its_end(shop, db, monkeypatch):
    monkeypatch.setattr(checkout, "_PATIENCE_SECONDS", 0)
    user_id = shop.session().json["user"]["id"]
    start_checkout(db, user_id)
    answer = create(shop)
    assert (answer.status_code, answer.json["code"]) == (503, "billing_unavailable")
    assert create(shop, user="user_bob").status_code == 201
    db.execute("update private.stripe_customers set checkout_lease_end = now() - interval '1 s'")
    assert create(shop).status_code == 201


def test_a_checkout_that_took_too_long_sells_nothing(shop, fake_stripe, db):
    user_id = shop.session().json["user"]["id"]
    lapse = "update private.stripe_customers set checkout_lease_end = now() - interval '1 s'"

    def another_begins(_method, path):
        if path == "/v1/prices":
            db.execute(lapse)
            assert start_checkout(db, user_id) == 2

    fake_stripe.faults = another_begins
    answer = create(shop)
    assert (answer.status_code, answer.json["code"]) == (503, "billing_unavailable")
    assert fake_stripe.of("checkout.session") == []
    # Nor has the slow one ended the lease of the other.
    assert start_checkout(db, user_id) is None


def test_a_price_missing_at_stripe_is_our_problem(shop, fake_stripe):
    fake_stripe.objects.clear()
    answer = create(shop)
    assert (answer.status_code, answer.json["code"]) == (503, "billing_unavailable")


def test_an_erased_account_buys_nothing(shop, fake_stripe):
    token = shop.session().json["access_token"]
    shop.tell({"type": "user.deleted", "data": {"id": "user_alice"}})
    answer = shop.client.post(
        "/subscriptions/create",
        json={"plan": "creator"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json["code"]) == (403, "account_deleted")
    assert fake_stripe.requests == []


def test_links_that_admit_their_holder_are_not_logged(shop, capsys):
    url = create(shop).json["url"]
    shop.client.post("/subscriptions/portal", headers=shop.bearer())
    logged = capsys.readouterr().out
    assert '"route": "/subscriptions/create"' in logged
    assert url not in logged
    assert "billing.stripe.test" not in logged


def test_too_many_checkouts_have_to_wait(shop):
    shop.app.edge.settings.__dict__["checkouts_per_minute"] = 1
    shop.client.post("/subscriptions/portal", headers=shop.bearer())
    answer = shop.client.post("/subscriptions/portal", headers=shop.bearer())
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_a_forged_token_of_ours_is_refused(shop):
    headers = {"Authorization": f"Bearer {uuid.uuid4()}"}
    assert shop.client.post("/subscriptions/portal", headers=headers).status_code == 401
