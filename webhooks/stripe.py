"""Stripe's webhook: checks the signature, records the event with its job, answers at once."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, g, jsonify

from core.billing_sync import USEFUL_TYPES, Event, NotAnEvent, fingerprint, parse_event, record
from webhooks.authentication import signature
from webhooks.context import current_edge
from webhooks.metrics import EVENT_LAG_SECONDS, STRIPE_EVENTS
from webhooks.signatures import verify_stripe

log = structlog.get_logger()
blueprint = Blueprint("stripe_events", __name__)


_signed_by_stripe = signature(
    "stripe_signature",
    lambda settings: settings.stripe_webhook_secrets,
    lambda body, headers, secrets, now: verify_stripe(
        body, headers.get("Stripe-Signature"), secrets=secrets, now=now
    ),
    STRIPE_EVENTS,
)


@blueprint.post("/subscriptions/webhook")
@_signed_by_stripe
def receive() -> Response:
    """200 as soon as the event is safe: new, repeated or of no use.

    Signed documents are never refused: Stripe disables an endpoint that does, and then all is lost.
    """
    edge = current_edge()
    try:
        event = parse_event(g.event, now=edge.now())
    except NotAnEvent:
        STRIPE_EVENTS.labels("(other)", "unreadable").inc()
        log.warning("stripe_document_unreadable")
        return jsonify(received=True, duplicate=False)
    if event.is_live != edge.settings.is_stripe_live:
        return _answered(event, "other_mode")
    with edge.database.session() as db:
        outcome = record(db, event, body_sha256=fingerprint(g.event))
    EVENT_LAG_SECONDS.observe(max(0, edge.now() - event.created))
    return _answered(event, outcome)


def _answered(event: Event, outcome: str) -> Response:
    # Labels come from our own list: a stranger's types must not grow the metrics.
    known = event.type if event.type.removeprefix("v1.") in USEFUL_TYPES else "(other)"
    STRIPE_EVENTS.labels(known, outcome).inc()
    # Never so while all is well: an endpoint of the other mode, or somebody with our secret.
    tell = log.warning if outcome in ("other_mode", "changed") else log.info
    tell("stripe_event", event_id=event.id, type=event.type, outcome=outcome)
    return jsonify(received=True, duplicate=outcome in ("duplicate", "changed"))
