"""Stripe's webhook: checks the signature, records the event with its job, answers at once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response, g, jsonify, request

from core.billing import reference
from webhooks.authentication import declares
from webhooks.edge import current_edge
from webhooks.metrics import EVENT_LAG_SECONDS, STRIPE_EVENTS
from webhooks.problems import Problem, unavailable
from webhooks.signatures import InvalidSignature, verify_stripe

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()
blueprint = Blueprint("stripe_events", __name__)

_EVENT_ID = re.compile(r"evt_\w{1,250}\Z", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_]{1,80}(\.[a-z0-9_]{1,80}){1,8}\Z", re.ASCII)
_VERSION = re.compile(r"[\w.-]{1,64}\Z", re.ASCII)
_LATEST_CREATED = 1 << 40  # beyond it PostgreSQL has no timestamps

# What may change a subscription. `invoice.payment_succeeded` tells the same as `invoice.paid`.
_CHECKOUT = ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
_SUBSCRIPTION = (
    *("created", "updated", "deleted", "paused", "resumed", "trial_will_end"),
    *("pending_update_applied", "pending_update_expired"),
)
_INVOICE = ("paid", "payment_failed", "payment_action_required", "marked_uncollectible", "voided")
_THIN_ONLY = ("active", "past_due", "unpaid", "incomplete", "incomplete_expired", "trialing")
USEFUL_TYPES = frozenset(
    [f"checkout.session.{word}" for word in _CHECKOUT]
    + [f"customer.subscription.{word}" for word in (*_SUBSCRIPTION, *_THIN_ONLY)]
    + [f"invoice.{word}" for word in _INVOICE]
    + ["customer.deleted"]
)


@dataclass(frozen=True)
class Event:
    """What we keep of an event: ids, so that its payload's version and age don't matter."""

    id: str
    type: str
    created: int
    is_live: bool
    api_version: str | None
    customer_id: str | None
    object_id: str | None

    @property
    def is_useful(self) -> bool:
        """Whether it may change a subscription; thin events carry a `v1.` before the type."""
        is_known = self.type.removeprefix("v1.") in USEFUL_TYPES
        return is_known and (self.customer_id or self.object_id) is not None


def _signed_by_stripe() -> None:
    edge = current_edge()
    secrets = [secret.get_secret_value() for secret in edge.settings.stripe_webhook_secrets]
    if not secrets:
        raise unavailable("Stripe's webhook is not set up here.", code="billing_not_configured")
    g.body = request.get_data(cache=False)  # the raw bytes: parsing first would change them
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
    edge, event = current_edge(), parse_event(g.event)
    if event.is_live != edge.settings.is_stripe_live:
        return _answered(event, "other_mode")
    row = edge.database.call(
        "select private.record_stripe_event(%s, %s, %s, %s, %s, %s, %s, %s, %s) as outcome",
        *(event.id, event.type, event.created, event.is_live, event.api_version),
        *(event.customer_id, event.object_id, hashlib.sha256(g.body).hexdigest()),
        event.is_useful,
    )
    EVENT_LAG_SECONDS.observe(max(0, edge.now() - event.created))
    return _answered(event, str(row["outcome"]))


def parse_event(document: Mapping[str, Any]) -> Event:
    """A snapshot or thin event; `Problem` if it is neither."""
    is_thin = document.get("object") == "v2.core.event"
    event_id, kind, created = document.get("id"), document.get("type"), document.get("created")
    if not is_thin and document.get("object") != "event":
        raise _not_an_event()
    if not _matches(_EVENT_ID, event_id) or not _matches(_TYPE, kind):
        raise _not_an_event()
    subject = document.get("related_object") if is_thin else _snapshot_object(document)
    # An `account` is set on events of connected accounts, which are no customers of ours.
    subject = subject if isinstance(subject, dict) and not document.get("account") else {}
    version = document.get("api_version")
    return Event(
        id=str(event_id),
        type=str(kind),
        created=_created(created),
        is_live=document.get("livemode") is True,
        api_version=str(version) if _matches(_VERSION, version) else None,
        customer_id=_customer(subject, reference(subject)),
        object_id=reference(subject),
    )


def _snapshot_object(document: Mapping[str, Any]) -> object:
    data = document.get("data")
    return data.get("object") if isinstance(data, dict) else None


def _customer(subject: Mapping[str, Any], subject_id: str | None) -> str | None:
    """The customer that the object names, or is itself."""
    candidates = (subject_id, reference(subject.get("customer")))
    return next((found for found in candidates if found and found.startswith("cus_")), None)


def _created(value: object) -> int:
    """Snapshot events say it in Unix seconds, thin ones in ISO 8601, which nothing here needs."""
    is_time = type(value) is int and 0 <= value < _LATEST_CREATED
    return value if is_time and isinstance(value, int) else current_edge().now()


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _not_an_event() -> Problem:
    return Problem(400, "invalid_request", "This is not a Stripe event.")


def _answered(event: Event, outcome: str) -> Response:
    # Labels come from our own list: a stranger's types must not grow the metrics.
    known = event.type if event.type.removeprefix("v1.") in USEFUL_TYPES else "(other)"
    STRIPE_EVENTS.labels(known, outcome).inc()
    log.info("stripe_event", event_id=event.id, type=event.type, outcome=outcome)
    return jsonify(received=True, duplicate=outcome == "duplicate")
