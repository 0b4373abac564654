"""Stripe's webhook: checks the signature, records the event with its job, answers at once."""

from __future__ import annotations

import hashlib

import structlog
from flask import Blueprint, Response, g, jsonify, request

from core.stripe_inbox import USEFUL_TYPES, Event, NotAnEvent, parse_event, record
from webhooks import bodies
from webhooks.authentication import declares
from webhooks.edge import current_edge
from webhooks.metrics import EVENT_LAG_SECONDS, STRIPE_EVENTS
from webhooks.problems import Problem, unavailable
from webhooks.signatures import InvalidSignature, verify_stripe

log = structlog.get_logger()
blueprint = Blueprint("stripe_events", __name__)


def _signed_by_stripe() -> None:
    edge = current_edge()
    secrets = [secret.get_secret_value() for secret in edge.settings.stripe_webhook_secrets]
    if not secrets:
        raise unavailable("Stripe's webhook is not set up here.", code="billing_not_configured")
    g.body = bodies.raw()
    header = request.headers.get("Stripe-Signature")
    try:
        g.event = verify_stripe(g.body, header, secrets=secrets, now=edge.now())
    except InvalidSignature as error:
        STRIPE_EVENTS.labels("(unsigned)", error.reason).inc()
        g.refusal = error.reason
        raise Problem(400, "invalid_signature", "The signature is not valid.") from error


@blueprint.post("/subscriptions/webhook")
@declares("stripe_signature", _signed_by_stripe)
def receive() -> Response:
    """200 as soon as the event is safe: new, repeated or of no use."""
    edge = current_edge()
    try:
        event = parse_event(g.event, now=edge.now())
    except NotAnEvent as error:
        raise Problem(400, "invalid_request", "This is not a Stripe event.") from error
    if event.is_live != edge.settings.is_stripe_live:
        return _answered(event, "other_mode")
    with edge.database.session() as db:
        outcome = record(db, event, body_sha256=hashlib.sha256(g.body).hexdigest())
    EVENT_LAG_SECONDS.observe(max(0, edge.now() - event.created))
    return _answered(event, outcome)


def _answered(event: Event, outcome: str) -> Response:
    # Labels come from our own list: a stranger's types must not grow the metrics.
    known = event.type if event.type.removeprefix("v1.") in USEFUL_TYPES else "(other)"
    STRIPE_EVENTS.labels(known, outcome).inc()
    log.info("stripe_event", event_id=event.id, type=event.type, outcome=outcome)
    return jsonify(received=True, duplicate=outcome == "duplicate")
