"""One checkout of one account at a time: the customer first, never two plans or pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from psycopg import Connection

from core.billing_sync import confirm_account, customer_seen, remember_account, sync_customer
from core.database import Row
from core.stripe_gateway import BillingError, CheckoutSession, Gateway
from webhooks.problems import Problem, account_deleted, unavailable

log = structlog.get_logger()

# Stripe takes 30 minutes at least, counted from when it reads the request.
_CHECKOUT_SECONDS = 31 * 60
# How long a second click waits for the first one, and between two looks whether it has ended.
_PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Sale:
    """What is sold to whom; `db` commits each statement."""

    db: Connection[Row]
    gateway: Gateway
    user_id: uuid.UUID
    plan: str
    app_url: str
    app_env: str
    now: int

    def checkout(self, lookup_keys: Sequence[str]) -> CheckoutSession:
        """The open session of this plan, or a new one; `Problem` 409 with a live subscription."""
        with self._turn() as number:
            customer_id = self._customer()
            # Asked of Stripe, not of our rows: an event may still be on its way.
            customer = customer_seen(self.db, self.gateway, customer_id)
            if customer.is_deleted:
                sync_customer(self.db, self.gateway, customer_id)
                customer_id = self._customer()
            if any(subscription.is_live for subscription in customer.subscriptions):
                raise Problem(
                    409,
                    "already_subscribed",
                    "There is a subscription already. Change it in the customer portal.",
                )
            return self._reusable(customer_id) or self._new(customer_id, lookup_keys, number)

    @contextmanager
    def _turn(self) -> Iterator[int]:
        """The number of this checkout, the only one of its account; a lease, not a lock.

        A lock would belong to a session, and a pooler's sessions to everybody.
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

    def _customer(self) -> str:
        """The customer exists before the checkout, so that no event ever comes from a stranger."""
        account = account_of(self.db, self.user_id)
        if account["is_erased"]:
            raise account_deleted()
        if account["customer_id"] is not None:
            return str(account["customer_id"])
        confirm_account(self.db, self.gateway)
        made = self._found(account) or self._made(account)
        bound = self._value("select private.bind_customer(%s, %s) as value", self.user_id, made)
        if bound is None:
            raise account_deleted()
        remember_account(self.db, self.gateway)
        return str(bound)

    def _found(self, account: Row) -> str | None:
        """What an earlier request has made: its answer may have been lost, or have been a 500."""
        asked_at = cast("int | None", account["customer_asked_at"])
        return self.gateway.find_customer(self.user_id, asked_at=asked_at) if asked_at else None

    def _made(self, account: Row) -> str:
        attempt = account["customer_attempt"]
        self.db.execute("select private.ask_customer(%s, %s)", (self.user_id, self.now))
        try:
            return self.gateway.create_customer(
                self.user_id, idempotency_key=f"cust:{self.app_env}:{self.user_id}:{attempt}"
            )
        except BillingError as error:
            if error.is_final:  # this key brings nothing else for a day
                renew = "select private.renew_customer_attempt(%s, %s)"
                self.db.execute(renew, (self.user_id, attempt))
            raise

    def _reusable(self, customer_id: str) -> CheckoutSession | None:
        """Of the open sessions, the one of this plan; others are closed, or two could be paid."""
        reusable = None
        for session in self.gateway.open_checkouts(customer_id):
            if session.plan == self.plan and reusable is None:
                reusable = session
            else:
                self.gateway.expire_checkout(session.id)
        return reusable

    def _new(self, customer_id: str, lookup_keys: Sequence[str], number: int) -> CheckoutSession:
        price = self.gateway.price(lookup_keys)
        if price is None:
            log.error("price_missing_at_stripe", plan=self.plan)
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
            price=price,
            urls=(f"{self.app_url}/billing/success", f"{self.app_url}/billing"),
            expires_at=self.now + _CHECKOUT_SECONDS,
            idempotency_key=f"co:{self.user_id}:{self.plan}:{number}",
        )

    def _value(self, statement: str, *parameters: object) -> object:
        row = self.db.execute(statement, parameters).fetchone()
        return row["value"] if row else None


def account_of(db: Connection[Row], user_id: uuid.UUID) -> Row:
    """What the account pays for, and as whom."""
    row = db.execute("select * from private.billing_account(%s)", (user_id,)).fetchone()
    if row is None:
        raise LookupError("billing_account")
    return row
