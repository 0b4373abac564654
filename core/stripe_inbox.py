"""The Stripe inbox: what we keep of an event, and how it is recorded together with its job."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from psycopg import Connection

from core.billing import reference
from core.database import Row

_EVENT_ID = re.compile(r"evt_\w{1,250}\Z", re.ASCII)
_TYPE = re.compile(r"[!-~]{1,250}\Z")  # `ping`, `v2.core.account[requirements].updated`
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


class NotAnEvent(ValueError):  # noqa: N818 - says what the document is
    """A document without an id of an event: nothing to record it by."""


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


def record(db: Connection[Row], event: Event, *, body_sha256: str | None) -> str:
    """Records an event and queues its job in one transaction.

    Returns received, ignored, duplicate, or changed: its id has come with another text before.
    """
    row = db.execute(
        "select private.record_stripe_event(%s, %s, %s, %s, %s, %s, %s, %s, %s) as outcome",
        (
            *(event.id, event.type, event.created, event.is_live, event.api_version),
            *(event.customer_id, event.object_id, body_sha256, event.is_useful),
        ),
    ).fetchone()
    return cast("str", row["outcome"]) if row else "duplicate"


def parse_event(document: Mapping[str, Any], *, now: int) -> Event:
    """A snapshot or thin event, of any type: Stripe disables an endpoint that refuses some."""
    event_id, kind, created = document.get("id"), document.get("type"), document.get("created")
    if not _matches(_EVENT_ID, event_id):
        raise NotAnEvent
    subject = document.get("related_object") or _snapshot_object(document)  # thin, snapshot
    # Events of connected accounts, which are no customers of ours, name them (thin: `context`).
    is_ours = not (document.get("account") or document.get("context"))
    subject = subject if isinstance(subject, dict) and is_ours else {}
    version = document.get("api_version")
    return Event(
        id=str(event_id),
        type=str(kind) if _matches(_TYPE, kind) else "(unreadable)",
        created=_created(created, now),
        is_live=document.get("livemode") is True,
        api_version=str(version) if _matches(_VERSION, version) else None,
        customer_id=_customer(subject, reference(subject)),
        object_id=reference(subject),
    )


def fingerprint(document: Mapping[str, Any]) -> str:
    """Of what an event tells. How many deliveries are pending differs from one to the next."""
    told = {name: value for name, value in document.items() if name != "pending_webhooks"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _snapshot_object(document: Mapping[str, Any]) -> object:
    data = document.get("data")
    return data.get("object") if isinstance(data, dict) else None


def _customer(subject: Mapping[str, Any], subject_id: str | None) -> str | None:
    """The customer that the object names, or is itself."""
    candidates = (subject_id, reference(subject.get("customer")))
    return next((found for found in candidates if found and found.startswith("cus_")), None)


def _created(value: object, now: int) -> int:
    """Snapshot events say it in Unix seconds, thin ones in ISO 8601, which nothing here needs."""
    if isinstance(value, bool) or not isinstance(value, int):  # to Python, True is a number
        return now
    return value if 0 < value < _LATEST_CREATED else now


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None
