"""One checkout of one account, under a lock: the customer first, never two plans or pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from core.billing_sync import (
    confirm_account,
    customer_seen,
    locked,
    remember_account,
    sync_customer,
)
from webhooks.problems import Problem, account_deleted, unavailable

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from psycopg import Connection

    from core.billing import CheckoutSession, Gateway
    from core.database import Row

log = structlog.get_logger()

# Stripe takes 30 minutes at least, counted from when it reads the request.
_CHECKOUT_SECONDS = 31 * 60


@dataclass(frozen=True)
class Sale:
    """`db` is a session of its own, which holds the lock while Stripe is asked."""

    db: Connection[Row]
    gateway: Gateway
    user_id: uuid.UUID
    plan: str
    app_url: str
    app_env: str
    now: int

    def checkout(self, lookup_keys: Sequence[str]) -> CheckoutSession:
        """The open session of this plan, or a new one; `Problem` 409 with a live subscription."""
        with locked(self.db, f"checkout:{self.user_id}"):
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
            return self._reusable(customer_id) or self._new(customer_id, lookup_keys)

    def _customer(self) -> str:
        """The customer exists before the checkout, so that no event ever comes from a stranger."""
        account = account_of(self.db, self.user_id)
        if account["is_erased"]:
            raise account_deleted()
        if account["customer_id"] is not None:
            return str(account["customer_id"])
        confirm_account(self.db, self.gateway)
        # After a deletion at Stripe, the first key would only bring the deleted customer back.
        former = account["former_customer_id"] or "none"
        made = self.gateway.create_customer(
            self.user_id, idempotency_key=f"cust:{self.app_env}:{self.user_id}:{former}"
        )
        bound = self._value("select private.bind_customer(%s, %s) as value", self.user_id, made)
        if bound is None:
            raise account_deleted()
        remember_account(self.db, self.gateway)
        return str(bound)

    def _reusable(self, customer_id: str) -> CheckoutSession | None:
        """Of the open sessions, the one of this plan; others are closed, or two could be paid."""
        reusable = None
        for session in self.gateway.open_checkouts(customer_id):
            if session.plan == self.plan and reusable is None:
                reusable = session
            else:
                self.gateway.expire_checkout(session.id)
        return reusable

    def _new(self, customer_id: str, lookup_keys: Sequence[str]) -> CheckoutSession:
        price = self.gateway.price(lookup_keys)
        if price is None:
            log.error("price_missing_at_stripe", plan=self.plan)
            raise unavailable("This plan can't be bought right now.", code="billing_unavailable")
        number = self._value("select private.next_checkout(%s) as value", self.user_id)
        if number is None:  # erased while we asked
            raise account_deleted()
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
