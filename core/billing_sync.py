"""Copies subscriptions from Stripe into our rows. Stripe is the truth, events are hints.

One transaction records an event and queues its job. The job asks Stripe and copies the answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import structlog
from psycopg import Connection
from psycopg.types.json import Jsonb

from core import tracing
from core.database import Row, traced
from core.stripe_gateway import BillingError, Customer, Gateway, reference

log = structlog.get_logger()

_EVENT_ID = re.compile(r"evt_\w{1,250}\Z", re.ASCII)
_TYPE = re.compile(r"[!-~]{1,250}\Z")  # `ping`, `v2.core.account[requirements].updated`
_VERSION = re.compile(r"[\w.-]{1,64}\Z", re.ASCII)
_LATEST_CREATED = 1 << 40  # beyond it PostgreSQL has no timestamps

# Events that may change a subscription. `invoice.paid` covers `invoice.payment_succeeded`.
_CHECKOUT = ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
_SUBSCRIPTION = (
    *("created", "updated", "deleted", "paused", "resumed", "trial_will_end"),
    *("pending_update_applied", "pending_update_expired"),
)
_INVOICE = ("paid", "payment_failed", "payment_action_required", "marked_uncollectible", "voided")
_THIN_ONLY = ("active", "past_due", "unpaid", "incomplete", "incomplete_expired", "trialing")
# What an endpoint of snapshot events subscribes to (docs/deploy.md).
SNAPSHOT_TYPES = frozenset(
    [f"checkout.session.{word}" for word in _CHECKOUT]
    + [f"customer.subscription.{word}" for word in _SUBSCRIPTION]
    + [f"invoice.{word}" for word in _INVOICE]
    + ["customer.deleted"]
)
USEFUL_TYPES = SNAPSHOT_TYPES | {f"customer.subscription.{word}" for word in _THIN_ONLY}

SyncOutcome = Literal["done", "orphan", "ignored", "already_done"]

_MAX_LOOKS = 5  # syncs of one job; each is repeated if another job has written meanwhile


class NotAnEvent(ValueError):  # noqa: N818 - says what the document is
    """The document has no event id, so it can't be recorded."""


@dataclass(frozen=True)
class Event:
    """The fields that we store: ids only, so the API version and age of a payload don't matter."""

    id: str
    type: str
    created: int
    is_live: bool
    api_version: str | None
    customer_id: str | None
    object_id: str | None

    @property
    def is_useful(self) -> bool:
        """Whether it may change a subscription. The types of thin events begin with `v1.`."""
        is_known = self.type.removeprefix("v1.") in USEFUL_TYPES
        return is_known and (self.customer_id or self.object_id) is not None


def record(db: Connection[Row], event: Event, *, body_sha256: str | None) -> str:
    """Records an event and queues its job in one transaction.

    Returns received, ignored, duplicate, or changed (the same id came with another text before).
    """
    statement, parameters = traced(
        "select private.record_stripe_event(%s, %s, %s, %s, %s, %s, %s, %s, %s) as outcome",
        (
            *(event.id, event.type, event.created, event.is_live, event.api_version),
            *(event.customer_id, event.object_id, body_sha256, event.is_useful),
        ),
    )
    name = tracing.function_of(statement)
    with tracing.span(name, kind="client", db__system="postgresql"):
        row = db.execute(statement, parameters).fetchone()
    return cast("str", row["outcome"]) if row else "duplicate"


def parse_event(document: Mapping[str, Any], *, now: int) -> Event:
    """A snapshot or thin event of any type. Raises `NotAnEvent`."""
    event_id, kind, created = document.get("id"), document.get("type"), document.get("created")
    if not _matches(_EVENT_ID, event_id):
        raise NotAnEvent
    data = document.get("data")
    subject = document.get("related_object")  # of a thin event
    subject = subject or (data.get("object") if isinstance(data, dict) else None)  # of a snapshot
    # Events of connected accounts name the account (thin ones as `context`): none are customers.
    is_ours = not (document.get("account") or document.get("context"))
    subject = subject if isinstance(subject, dict) and is_ours else {}
    subject_id, version = reference(subject), document.get("api_version")
    ids = (subject_id, reference(subject.get("customer")))  # the object is a customer, or names it
    if type(created) is not int or not 0 < created < _LATEST_CREATED:
        created = now  # a thin event has a text, in ISO 8601
    return Event(
        id=str(event_id),
        type=str(kind) if _matches(_TYPE, kind) else "(unreadable)",
        created=created,
        is_live=document.get("livemode") is True,
        api_version=str(version) if _matches(_VERSION, version) else None,
        customer_id=next((found for found in ids if found and found.startswith("cus_")), None),
        object_id=subject_id,
    )


def fingerprint(document: Mapping[str, Any]) -> str:
    """A hash of the event without `pending_webhooks`, which differs between two deliveries."""
    told = {name: value for name, value in document.items() if name != "pending_webhooks"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def sync_event(db: Connection[Row], gateway: Gateway, event_id: str) -> SyncOutcome:
    """Syncs the customer of an event, unless a later sync already covered the event."""
    event = _one(db, "select * from private.stripe_event(%s)", event_id)
    if event is None or event["status"] != "received":
        return "already_done"
    customer_id = cast("str | None", event["customer_id"])
    if customer_id is None:
        object_id = cast("str | None", event["object_id"])
        customer_id = gateway.customer_of(object_id) if object_id else None
        if customer_id is None:
            confirm_account(db, gateway)
        _one(db, "select private.attribute_stripe_event(%s, %s)", event_id, customer_id)
    if customer_id is None:
        return "orphan"
    return sync_customer(db, gateway, customer_id, event_id=event_id)


def sync_customer(
    db: Connection[Row], gateway: Gateway, customer_id: str, *, event_id: str | None = None
) -> SyncOutcome:
    """Copies a customer's subscriptions; with `event_id`, only if that event is not done yet.

    `db` commits each statement. Behind a pooler each one may use another session.
    """
    for _ in range(_MAX_LOOKS):
        begun = _the(db, "select * from private.begin_customer_sync(%s)", customer_id)
        event_ids = cast("list[str]", begun["event_ids"])
        if event_id is not None and event_id not in event_ids:
            return "already_done"
        customer = customer_seen(db, gateway, customer_id)
        written = _the(
            db,
            "select private.finish_customer_sync(%s, %s, %s, %s, %s, %s) as outcome",
            customer_id,
            customer.user_id,
            customer.is_deleted,
            Jsonb([asdict(subscription) for subscription in customer.subscriptions]),
            event_ids,
            begun["sync_version"],
        )
        if written["outcome"] != "overtaken":
            return cast("SyncOutcome", written["outcome"])
    raise BillingError("busy", after_seconds=2)


def customer_seen(db: Connection[Row], gateway: Gateway, customer_id: str) -> Customer:
    """The customer as Stripe has it now. One that Stripe doesn't know counts as deleted."""
    customer = gateway.customer(customer_id)
    if customer is not None:
        return customer
    confirm_account(db, gateway)
    return Customer(customer_id, is_deleted=True, user_id=None, subscriptions=())


def sync_prices(db: Connection[Row], gateway: Gateway) -> int:
    """Copies what Stripe charges for the plans on offer; how many prices have changed."""
    keys = cast("list[str]", _the(db, "select private.lookup_keys() as keys")["keys"])
    prices = Jsonb([asdict(price) for price in gateway.prices(keys)])
    changed = _the(db, "select private.save_prices(%s) as prices", prices)["prices"]
    if changed:
        log.info("prices_changed", prices=changed)
    return cast("int", changed)


def price_problems(db: Connection[Row], gateway: Gateway) -> list[str]:
    """Sentences about each price that is shown and not charged. Needs the rights of the owner."""
    shown = db.execute("select * from private.plan_prices where is_offered order by lookup_key")
    rows = {cast("str", row["lookup_key"]): row for row in shown}
    charged = {price.lookup_key: price for price in gateway.prices(list(rows))}
    problems = []
    for key, row in rows.items():
        price, interval = charged.get(key), row["billing_interval"]
        if price is None:
            problems.append(f"Stripe has no active price with the lookup_key {key}")
        elif price.interval != interval:
            problems.append(f"Stripe's price {key} is not paid once a {interval}")
        elif price.amount is None:
            problems.append(f"Stripe's price {key} has no fixed amount")
        elif (price.amount, price.currency) != (row["amount"], row["currency"]):
            problems.append(
                f"{key} is shown as {row['amount']} {row['currency']},"
                f" and Stripe charges {price.amount} {price.currency}"
            )
    return problems


def confirm_account(db: Connection[Row], gateway: Gateway) -> None:
    """Raises `BillingError` if our key belongs to another account or mode than our customers.

    Such a key finds none of our customers, so all of them would count as deleted.
    """
    row = _one(db, "select private.stripe_account() as account")
    known = row["account"] if row else None
    if known is None:
        return
    current = gateway.account()
    if current is not None and current != known:
        log.error("stripe_account_is_another", known=known, current=current)
        raise BillingError("misconfigured")


def remember_account(db: Connection[Row], gateway: Gateway) -> None:
    """Stores the account and mode of our customers; fails if another one is stored already."""
    confirm_account(db, gateway)
    _one(db, "select private.bind_stripe_account(%s)", gateway.account())


def _the(db: Connection[Row], statement: str, *parameters: object) -> Row:
    row = _one(db, statement, *parameters)
    if row is None:
        raise LookupError(statement)
    return row


def _one(db: Connection[Row], statement: str, *parameters: object) -> Row | None:
    return db.execute(statement, parameters).fetchone()
