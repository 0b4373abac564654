"""Copies what Stripe says about a customer into our rows. Stripe is the truth, events are hints.

A look at Stripe, then one write, refused if another look has written in between: each look that
counts began after the write before it, so the order, number and age of events never matter. No
lock and no transaction spans the request to Stripe.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal, cast

import structlog
from psycopg import Connection
from psycopg.types.json import Jsonb

from core.billing import BillingError, Customer, Gateway
from core.database import Row

log = structlog.get_logger()

SyncOutcome = Literal["done", "orphan", "ignored", "already_done"]

_MAX_LOOKS = 5  # each one in vain means that another one has written


def sync_event(db: Connection[Row], gateway: Gateway, event_id: str) -> SyncOutcome:
    """Brings the rows of an event's customer up to date, unless a later look already has."""
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
    """Looks at Stripe and writes what it saw; with `event_id`, only if that is still to be done.

    `db` commits each statement, and each may go to another session: a pooler is welcome.
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
            begun["looks"],
        )
        if written["outcome"] != "overtaken":
            return cast("SyncOutcome", written["outcome"])
    raise BillingError("busy", after_seconds=2)


def customer_seen(db: Connection[Row], gateway: Gateway, customer_id: str) -> Customer:
    """The customer as Stripe shows it now. One that Stripe doesn't know counts as deleted."""
    customer = gateway.customer(customer_id)
    if customer is not None:
        return customer
    confirm_account(db, gateway)
    return Customer(customer_id, is_deleted=True, user_id=None, subscriptions=())


def confirm_account(db: Connection[Row], gateway: Gateway) -> None:
    """Fails if our key is of another account or mode than the one our customers live in.

    Such a key finds none of them: each would look as if it had been deleted.
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
    """Notes where our customers live, from the first one on; fails if that is elsewhere."""
    confirm_account(db, gateway)
    _one(db, "select private.remember_stripe_account(%s)", gateway.account())


def _the(db: Connection[Row], statement: str, *parameters: object) -> Row:
    row = _one(db, statement, *parameters)
    if row is None:
        raise LookupError(statement)
    return row


def _one(db: Connection[Row], statement: str, *parameters: object) -> Row | None:
    return db.execute(statement, parameters).fetchone()
