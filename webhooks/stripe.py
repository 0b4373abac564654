"""Stripe's webhook: checks the signature, records the event with its job, and answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify

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
def receive(document: dict[str, Any]) -> Response:
    """200 once the event is stored: new, repeated or of no use.

    No signed document is refused: Stripe disables an endpoint that refuses some.
    """
    edge = current_edge()
    try:
        event = parse_event(document, now=edge.now())
    except NotAnEvent:
        STRIPE_EVENTS.labels("(other)", "unreadable").inc()
        log.warning("stripe_document_unreadable")
        return jsonify(received=True, duplicate=False)
    if event.is_live != edge.settings.is_stripe_live:
        return _answered(event, "other_mode")
    customer_id, object_id = (
        (event.customer_id, event.object_id) if event.is_useful else (None, None)
    )
    with edge.cells.holding_customer(customer_id, object_id, edge.gateway) as (db, found_id):
        known = replace(event, customer_id=found_id or event.customer_id)
        outcome = record(db, known, body_sha256=fingerprint(document))
    EVENT_LAG_SECONDS.observe(max(0, edge.now() - event.created))
    return _answered(event, outcome)


def _answered(event: Event, outcome: str) -> Response:
    # Unknown types share one label, so that events can't grow the metrics.
    known = event.type if event.type.removeprefix("v1.") in USEFUL_TYPES else "(other)"
    STRIPE_EVENTS.labels(known, outcome).inc()
    # A warning: the endpoint is of the other mode, or somebody else has our secret.
    tell = log.warning if outcome in ("other_mode", "changed") else log.info
    tell("stripe_event", event_id=event.id, type=event.type, outcome=outcome)
    return jsonify(received=True, duplicate=outcome in ("duplicate", "changed"))
