"""Stripe's webhook: what is recorded, what is queued, what Stripe is told."""

from __future__ import annotations

import inspect
import json

import pytest
from prometheus_client import REGISTRY
from stripe.params import WebhookEndpointCreateParams

from core import tracing
from core.billing_sync import SNAPSHOT_TYPES, USEFUL_TYPES, parse_event, record
from local import stripe
from local.stripe import FakeStripe
from tests.webhooks.edge import NOW, Edge


@pytest.fixture
def fake():
    """Makes events; nobody asks it anything."""
    return FakeStripe(now=lambda: NOW)


def event_rows(db):
    return db.rows("select id, type, status, customer_id, object_id from private.stripe_events")


def queued(db):
    return db.rows("select key, arguments from private.live_jobs where kind = 'sync_customer'")


def test_an_event_is_recorded_with_its_job(edge: Edge, db, fake):
    event = fake.emit("customer.subscription.updated", {"id": "sub_1", "customer": "cus_1"})
    answer = edge.deliver(event)
    assert (answer.status_code, answer.json) == (200, {"received": True, "duplicate": False})
    assert event_rows(db) == [
        {
            "id": event["id"],
            "type": "customer.subscription.updated",
            "status": "received",
            "customer_id": "cus_1",
            "object_id": "sub_1",
        }
    ]
    assert queued(db) == [{"key": event["id"], "arguments": {"event_id": event["id"]}}]


def test_the_job_of_an_event_has_the_trace_of_its_request(edge: Edge, db, fake):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    def trace_of_job(**headers: str) -> str:
        event = fake.emit("customer.subscription.updated", {"id": "sub_1", "customer": "cus_1"})
        body, signature = stripe.signed(event, now=NOW)
        headers = {"Stripe-Signature": signature} | headers
        answer = edge.client.post("/subscriptions/webhook", data=body, headers=headers)
        assert answer.status_code == 200
        return db.value("select headers ->> 'trace' from pgmq.q_jobs order by msg_id desc limit 1")

    assert trace_of_job(traceparent=trace) == trace
    made = trace_of_job()  # the connection is the same one: it must not remember the other trace
    assert tracing.parse(made)
    assert made != trace
    assert trace_of_job(traceparent="no trace") not in (made, trace)


def test_a_repeated_event_is_answered_and_changes_nothing(edge, db, fake):
    event = fake.emit("invoice.paid", {"id": "in_1", "customer": "cus_1"})
    answers = [edge.deliver(event).json for _ in range(3)]
    assert [answer["duplicate"] for answer in answers] == [False, True, True]
    assert (len(event_rows(db)), len(queued(db))) == (1, 1)


def test_an_event_of_no_use_is_recorded_as_ignored(edge, db, fake):
    for kind in ("invoice.payment_succeeded", "charge.refunded", "new.in_2031"):
        answer = edge.deliver(fake.emit(kind, {"id": "in_1", "customer": "cus_1"}))
        assert answer.status_code == 200
    assert [row["status"] for row in event_rows(db)] == ["ignored"] * 3
    assert queued(db) == []


def test_every_event_that_may_change_a_subscription_is_queued(edge, db, fake):
    for kind in USEFUL_TYPES:
        is_customer = kind == "customer.deleted"
        edge.deliver(
            fake.emit(kind, {"id": "cus_1" if is_customer else "x_1", "customer": "cus_1"})
        )
    assert {row["customer_id"] for row in event_rows(db)} == {"cus_1"}
    assert len(queued(db)) == len(USEFUL_TYPES) == 24


def test_stripe_takes_each_type_that_a_snapshot_endpoint_subscribes_to():
    known = inspect.getsource(WebhookEndpointCreateParams)
    assert {kind for kind in USEFUL_TYPES if f'"{kind}"' in known} == SNAPSHOT_TYPES


def test_a_thin_event_is_queued_by_its_object_and_its_url_is_not_kept(edge, db, fake):
    event = fake.emit(
        "customer.subscription.active", {"id": "sub_1", "object": "subscription"}, thin=True
    )
    edge.deliver(event)
    [row] = event_rows(db)
    assert (row["type"], row["customer_id"], row["object_id"]) == (
        "v1.customer.subscription.active", None, "sub_1",
    )  # fmt: skip
    assert len(queued(db)) == 1


def test_an_expanded_customer_is_found(edge, db, fake):
    edge.deliver(fake.emit("invoice.paid", {"id": "in_1", "customer": {"id": "cus_9", "x": 1}}))
    assert [row["customer_id"] for row in event_rows(db)] == ["cus_9"]


def test_events_of_connected_accounts_are_none_of_ours(edge, db, fake):
    event = fake.emit("invoice.paid", {"id": "in_1", "customer": "cus_1"}) | {"account": "acct_1"}
    assert edge.deliver(event).status_code == 200
    assert [row["status"] for row in event_rows(db)] == ["ignored"]


def test_thin_events_of_connected_accounts_are_none_of_ours(edge, db, fake):
    subject = {"id": "in_1", "object": "invoice"}
    event = fake.emit("invoice.paid", subject, thin=True) | {"context": "acct_1"}
    assert edge.deliver(event).status_code == 200
    assert [row["status"] for row in event_rows(db)] == ["ignored"]


def test_events_of_the_other_mode_are_not_recorded(edge, db, fake):
    event = fake.emit("invoice.paid", {"id": "in_1", "customer": "cus_1"}) | {"livemode": True}
    assert edge.deliver(event).status_code == 200
    assert event_rows(db) == []


def counted(outcome, kind="(other)"):
    labels = {"type": kind, "outcome": outcome}
    return REGISTRY.get_sample_value("edge_stripe_events_total", labels) or 0


ODD_TYPES = ["ping", "v2.core.account[requirements].updated", "v1.Über.updated", "a b", "", 5, None]


@pytest.mark.parametrize("shape", ["event", "v2.core.event", "v3.event", None])
def test_no_type_and_no_object_of_a_signed_event_is_refused(edge, db, shape):
    for number, kind in enumerate(ODD_TYPES):
        event = {"object": shape, "id": f"evt_{number}", "type": kind, "livemode": False}
        assert edge.deliver(event).status_code == 200
    rows = event_rows(db)
    assert [row["type"] for row in rows] == [*ODD_TYPES[:2], *["(unreadable)"] * 5]
    assert {row["status"] for row in rows} == {"ignored"}


def test_a_signed_document_without_an_events_id_is_counted(edge, db):
    before = counted("unreadable")
    documents = [{}, {"id": "ping"}, {"id": 5}, {"object": "event", "id": "evt_\0"}]
    for document in documents:
        assert edge.deliver(document).status_code == 200
    assert event_rows(db) == []
    assert counted("unreadable") - before == len(documents)


def test_a_known_id_with_another_text_is_counted_and_logged(edge, db, fake, capsys):
    event = fake.emit("invoice.paid", {"id": "in_1", "customer": "cus_1"})
    other = event | {"data": {"object": {"id": "in_1", "customer": "cus_2"}}}
    before = counted("changed", "invoice.paid")
    for delivered in (event, event | {"pending_webhooks": 2}, event | {"api_version": "2025-1"}):
        assert edge.deliver(delivered).status_code == 200
    assert counted("changed", "invoice.paid") == before
    answer = edge.deliver(other)
    assert (answer.status_code, answer.json["duplicate"]) == (200, True)
    assert counted("changed", "invoice.paid") == before + 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    [warning] = [line for line in told if line["level"] == "warning"]
    assert (warning["event_id"], warning["outcome"]) == (event["id"], "changed")
    assert [row["customer_id"] for row in event_rows(db)] == ["cus_1"]


def test_what_reconciliation_found_first_may_be_delivered_later(edge, db, fake):
    event = fake.emit("invoice.paid", {"id": "in_1", "customer": "cus_1"})
    before = counted("changed", "invoice.paid")
    with db.as_webhook() as webhook:
        record(webhook.connection, parse_event(event, now=NOW), body_sha256=None)
    assert edge.deliver(event).json["duplicate"] is True
    assert counted("changed", "invoice.paid") == before


HOSTILE_SUBJECTS = [
    None,
    [],
    {"id": None},
    {"id": 5, "customer": []},
    {"id": "sub_1\0", "customer": "cus_1'; drop"},
    {"id": "\ud800", "customer": {"id": {"id": "cus_1"}}},
    {"id": "x" * 5000},
]


def test_a_signed_event_about_nothing_is_ignored(edge, db):
    for number, subject in enumerate(HOSTILE_SUBJECTS):
        event = {"object": "event", "id": f"evt_{number}", "type": "invoice.paid"}
        assert edge.deliver(event | {"data": {"object": subject}}).status_code == 200
    assert [row["status"] for row in event_rows(db)] == ["ignored"] * len(HOSTILE_SUBJECTS)


def test_any_creation_time_is_survived(edge, db):
    times = [None, "x", -1, 0, 10**18, 1.5, True, [], "2026-11-22T20:00:00Z", NOW - 60]
    for number, created in enumerate(times):
        event = {"object": "event", "id": f"evt_{number}", "type": "a.b", "created": created}
        assert edge.deliver(event).status_code == 200
    seconds = db.rows("select extract(epoch from created)::bigint as at from private.stripe_events")
    assert [row["at"] for row in seconds] == [NOW] * 9 + [NOW - 60]


def test_without_a_secret_nothing_is_taken(edge, fake):
    edge.app.edge.settings.__dict__["stripe_webhook_secrets"] = ()
    answer = edge.deliver(fake.emit("invoice.paid", {"id": "in_1"}))
    assert (answer.status_code, answer.json["code"]) == (503, "webhook_not_configured")
