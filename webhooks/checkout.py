"""Buying a plan: checkout, customer portal, and the sync that a success page asks for.

An account has one open checkout at a time, so nobody pays for two plans.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeGuard, cast

import structlog
from flask import Blueprint, Response, jsonify, request
from psycopg import Connection

from core.billing_sync import confirm_account, customer_seen, remember_account, sync_customer
from core.database import Row
from core.stripe_gateway import BillingError, CheckoutSession, Gateway
from webhooks import bodies
from webhooks.authentication import signed_in
from webhooks.context import current_edge
from webhooks.problems import Problem, account_deleted, unavailable
from webhooks.rate_limits import limit

log = structlog.get_logger()
blueprint = Blueprint("checkout", __name__)

_MAX_BODY_BYTES = 4096

# Stripe's minimum is 30 minutes, counted from when it reads the request.
_CHECKOUT_SECONDS = 31 * 60
# How long a second click waits for the first one to end, and how long between two checks.
_PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 0.1


@blueprint.before_request
def _read_body() -> None:
    """413 for a long body comes before the token is verified."""
    bodies.raw(_MAX_BODY_BYTES)


@blueprint.post("/subscriptions/create")
@signed_in("admin")
def create(user_id: uuid.UUID) -> tuple[Response, int]:
    """`{"plan": "creator", "interval": "year"}` → 201 `{"url"}` of a checkout page.

    The interval is month if it is not said. 409 with a live subscription.
    """
    _limit(user_id)
    plan, interval = _plan()
    settings, now = current_edge().settings, current_edge().now()
    with _billing(user_id) as (db, gateway):
        offered = "select private.offered_prices(%s, %s) as keys"
        row = db.execute(offered, (plan, interval)).fetchone()
        prices = row["keys"] if row else None
        if not isinstance(prices, list) or not prices:
            raise _unknown_plan()
        service = CheckoutService(
            db, gateway, user_id, plan, interval, settings.app_url, settings.app_env, now
        )
        session = service.checkout(prices)
    return jsonify(url=session.url), 201


@blueprint.post("/subscriptions/portal")
@signed_in("admin")
def portal(user_id: uuid.UUID) -> tuple[Response, int]:
    """201 `{"url"}` of Stripe's customer portal; 404 for an account that never bought anything."""
    _limit(user_id)
    app_url = current_edge().settings.app_url
    with _billing(user_id) as (db, gateway):
        customer_id = _customer_of(db, user_id)
        url = gateway.create_portal(customer_id, return_url=f"{app_url}/billing")
    return jsonify(url=url), 201


@blueprint.post("/subscriptions/sync")
@signed_in("admin")
def sync(user_id: uuid.UUID) -> Response:
    """Copies the subscriptions from Stripe now and answers with the account's plan."""
    _limit(user_id)
    with _billing(user_id) as (db, gateway):
        sync_customer(db, gateway, _customer_of(db, user_id))
        plan = account_of(db, user_id)["plan"]
    return jsonify(plan=plan)


def _limit(user_id: uuid.UUID) -> None:
    limit("billing", str(user_id), per_minute=current_edge().settings.checkouts_per_minute)


def _plan() -> tuple[str, str]:
    """The plan and the interval of the body. Any value of a known form: the database decides."""
    if not request.is_json:
        raise Problem(415, "unsupported_media_type", 'Send JSON: {"plan": "…"}.')
    body = bodies.json_object(_MAX_BODY_BYTES)
    plan, interval = body.get("plan"), body.get("interval", "month")
    if not _is_word(plan) or not _is_word(interval):
        raise _unknown_plan()
    return plan, interval


def _is_word(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isascii() and value.isalpha() and len(value) <= 20


def _unknown_plan() -> Problem:
    return Problem(422, "unknown_plan", "There is no such plan to buy, or not in this interval.")


def _customer_of(db: Connection[Row], user_id: uuid.UUID) -> str:
    customer_id = account_of(db, user_id)["customer_id"]
    if customer_id is None:
        raise Problem(404, "no_customer", "This account has no billing yet.")
    return str(customer_id)


@contextmanager
def _billing(user_id: uuid.UUID) -> Iterator[tuple[Connection[Row], Gateway]]:
    """A database session and Stripe; a `BillingError` becomes a `Problem`."""
    edge = current_edge()
    if edge.gateway is None:
        raise unavailable("Billing is not set up here.", code="billing_not_configured")
    try:
        with edge.cells.of_account(user_id).database.session() as db:
            yield db, edge.gateway
    except BillingError as error:
        log.warning("stripe_failed", reason=error.reason, stripe_request=error.request_id)
        raise _problem(error) from error


def _problem(error: BillingError) -> Problem:
    if error.reason == "unavailable":
        return unavailable(
            "The payment service can't be reached. Please try again.",
            code="billing_unavailable",
            after_seconds=error.after_seconds,
        )
    if error.reason == "busy":
        return unavailable(
            "Another request about this account's billing goes on. Please try again.",
            code="billing_unavailable",
            after_seconds=error.after_seconds,
        )
    status = 500 if error.reason == "misconfigured" else 502
    asked = f" (request {error.request_id})" if error.request_id else ""
    return Problem(status, "billing_failed", f"The payment service refused this{asked}.")


@dataclass(frozen=True)
class CheckoutService:
    """One account buys one plan; `db` commits each statement."""

    db: Connection[Row]
    gateway: Gateway
    user_id: uuid.UUID
    plan: str
    interval: str
    app_url: str
    app_env: str
    now: int

    def checkout(self, lookup_keys: Sequence[str]) -> CheckoutSession:
        """The open session of this plan, or a new one; `Problem` 409 with a live subscription."""
        with self._lease() as number:
            customer_id = self._customer_id()
            # Stripe decides, not our rows: the event of a payment may still be on its way.
            customer = customer_seen(self.db, self.gateway, customer_id)
            if customer.is_deleted:
                sync_customer(self.db, self.gateway, customer_id)
                customer_id = self._customer_id()
            if any(subscription.is_live for subscription in customer.subscriptions):
                raise Problem(
                    409,
                    "already_subscribed",
                    "There is a subscription already. Change it in the customer portal.",
                )
            session = self._open_session(customer_id)
            return session or self._create_session(customer_id, lookup_keys, number)

    @contextmanager
    def _lease(self) -> Iterator[int]:
        """Leases the account for one checkout and yields the checkout's number.

        The lease is a time in private.stripe_customers, at most a minute ahead. Until then, or
        until end_checkout, the account begins no other checkout. An advisory lock would not do:
        behind a pooler several clients share a session.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        begin = "select private.begin_checkout(%s) as value"
        while (number := self._value(begin, self.user_id)) is None:
            if account_of(self.db, self.user_id)["is_erased"]:
                raise account_deleted()
            if time.monotonic() > deadline:
                raise BillingError("busy", after_seconds=2)
            time.sleep(_PAUSE_SECONDS)
        try:
            yield cast("int", number)
        finally:
            if not self.db.broken:
                self.db.execute("select private.end_checkout(%s, %s)", (self.user_id, number))

    def _customer_id(self) -> str:
        """The account's customer at Stripe, made and stored if there is none.

        It is stored before the checkout begins. So every event of the checkout finds its account.
        """
        account = account_of(self.db, self.user_id)
        if account["is_erased"]:
            raise account_deleted()
        if account["customer_id"] is not None:
            return str(account["customer_id"])
        confirm_account(self.db, self.gateway)
        asked_at = cast("int | None", account["customer_asked_at"])
        # An earlier request may have made one, although its answer was lost or was a 500.
        found = asked_at and self.gateway.find_customer(self.user_id, asked_at=asked_at)
        bound = self._value(
            "select private.bind_customer(%s, %s) as value",
            *(self.user_id, found or self._create_customer(account)),
        )
        if bound is None:
            raise account_deleted()
        remember_account(self.db, self.gateway)
        return str(bound)

    def _create_customer(self, account: Row) -> str:
        attempt = account["customer_attempt"]
        self.db.execute("select private.ask_customer(%s, %s)", (self.user_id, self.now))
        try:
            return self.gateway.create_customer(
                self.user_id, idempotency_key=f"cust:{self.app_env}:{self.user_id}:{attempt}"
            )
        except BillingError as error:
            if error.is_final:  # Stripe repeats this answer to this key for a day
                renew = "select private.renew_customer_attempt(%s, %s)"
                self.db.execute(renew, (self.user_id, attempt))
            raise

    def _open_session(self, customer_id: str) -> CheckoutSession | None:
        """The open session of this plan and interval. Expires others: a person could pay twice."""
        reusable = None
        for session in self.gateway.open_checkouts(customer_id):
            is_same = (session.plan, session.interval) == (self.plan, self.interval)
            if is_same and reusable is None:
                reusable = session
            else:
                self.gateway.expire_checkout(session.id)
        return reusable

    def _create_session(
        self, customer_id: str, lookup_keys: Sequence[str], number: int
    ) -> CheckoutSession:
        found = self.gateway.prices(lookup_keys)
        prices = [price for price in found if price.interval == self.interval]
        if not prices:
            log.error("price_missing_at_stripe", plan=self.plan, interval=self.interval)
            raise unavailable("This plan can't be bought right now.", code="billing_unavailable")
        confirm = "select private.confirm_checkout(%s, %s) as value"
        if not self._value(confirm, self.user_id, number):
            if account_of(self.db, self.user_id)["is_erased"]:
                raise account_deleted()
            raise BillingError("busy", after_seconds=2)
        return self.gateway.create_checkout(
            customer_id=customer_id,
            user_id=self.user_id,
            plan=self.plan,
            interval=self.interval,
            price=prices[0].id,
            urls=(f"{self.app_url}/billing/success", f"{self.app_url}/billing"),
            expires_at=self.now + _CHECKOUT_SECONDS,
            idempotency_key=f"co:{self.user_id}:{self.plan}:{number}",
        )

    def _value(self, statement: str, *parameters: object) -> object:
        row = self.db.execute(statement, parameters).fetchone()
        return row["value"] if row else None


def account_of(db: Connection[Row], user_id: uuid.UUID) -> Row:
    """The account's plan, Stripe customer and whether it was erased."""
    row = db.execute("select * from private.billing_state(%s)", (user_id,)).fetchone()
    if row is None:
        raise LookupError("billing_state")
    return row
