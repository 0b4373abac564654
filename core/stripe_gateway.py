"""Stripe's API as the edge and the workers use it. Only this module imports `stripe`."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import stripe

from core.config import StripeSettings

_T = TypeVar("_T")

_TIMEOUT_SECONDS = (2.0, 5.0)  # to connect, to read; the library's own default is 80
_PAGE_SIZE = 100
_MAX_SUBSCRIPTIONS = 500  # of one customer; more would be an error for a person to look at
_MAX_NEW_CUSTOMERS = 1000  # searched for the one that a lost request made
_MAX_LOOKUP_KEYS = 10  # in one request
_ENDED = frozenset({"canceled", "incomplete_expired"})
# A customer with one of these buys no second plan. `incomplete` was never paid.
_LIVE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})


class BillingError(Exception):
    """The request was not done. Another try may help with `unavailable` and `busy`.

    `busy`: another process does the same for this customer. `is_final`: Stripe repeats this answer
    to the same idempotency key for a day.
    """

    def __init__(
        self,
        reason: Literal["unavailable", "busy", "refused", "misconfigured"],
        *,
        request_id: str | None = None,
        after_seconds: int = 5,
        is_final: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.request_id = request_id
        self.after_seconds = after_seconds
        self.is_final = is_final


@dataclass(frozen=True)
class Subscription:
    """The fields that we store; times in Unix seconds."""

    id: str
    status: str
    lookup_keys: tuple[str, ...]
    current_period_start: int | None
    current_period_end: int | None
    trial_end: int | None
    past_due_at: int | None
    cancel_at_period_end: bool  # it will end by itself, with the period or at `cancel_at`
    cancel_at: int | None
    canceled_at: int | None
    pause_collection: str | None

    @property
    def is_live(self) -> bool:
        return self.status in _LIVE


@dataclass(frozen=True)
class Customer:
    """A customer as Stripe has it now. A deleted one may have no subscriptions."""

    id: str
    is_deleted: bool
    user_id: uuid.UUID | None
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True)
class Price:
    """An active price. `amount` is in the smallest unit of `currency`; None without a fixed one.

    `interval` is None unless it is paid once in a month or a year.
    """

    id: str
    lookup_key: str
    interval: Literal["month", "year"] | None
    amount: int | None
    currency: str | None


@dataclass(frozen=True)
class CheckoutSession:
    """A checkout in progress. The URL admits whoever holds it: never log it."""

    id: str
    url: str
    plan: str | None
    interval: str

    def __repr__(self) -> str:
        return f"CheckoutSession(id={self.id!r})"


class Gateway:
    """Stripe's API as we use it. Every call may raise `BillingError`."""

    def __init__(self, api_key: str, *, api_base: str) -> None:
        self._mode = "live" if "_live_" in api_key[:8] else "test"
        self._account_id: str | None = None
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
            max_network_retries=1,
        )

    def account(self) -> str | None:
        """The account and mode of our key, as `acct_…/live`; None if the key may not ask for it.

        Neither changes for a key, so the first answer is kept.
        """
        if self._account_id is None:
            # Only an outage is an error here: billing works without the answer.
            with _translated(), contextlib.suppress(stripe.APIError, stripe.PermissionError):
                self._account_id = _unless_missing(
                    lambda: self._client.v1.accounts.retrieve_current().id
                )
        return f"{self._account_id}/{self._mode}" if self._account_id else None

    def customer(self, customer_id: str) -> Customer | None:
        """The customer with all its subscriptions, ended ones too. Also a deleted customer.

        None if the account of our key never had a customer of this id.
        """
        with _translated():
            found = _unless_missing(
                lambda: self._client.v1.customers.retrieve(customer_id).to_dict()
            )
            if found is None:
                return None
            is_deleted = bool(found.get("deleted"))
            listed = _unless_missing(lambda: self._subscriptions(customer_id))
            if listed is None and not is_deleted:
                raise BillingError("refused")
        return Customer(customer_id, is_deleted, _user_id(found.get("metadata")), listed or ())

    def customer_of(self, object_id: str) -> str | None:
        """The customer of a subscription, invoice or checkout session; None if it has none."""
        # The id's prefix decides the path. No URL of an event is followed.
        prefix = object_id.partition("_")[0]
        if prefix == "cus":
            return object_id
        kinds: dict[str, Callable[[str], stripe.StripeObject]] = {
            "sub": self._client.v1.subscriptions.retrieve,
            "in": self._client.v1.invoices.retrieve,
            "cs": self._client.v1.checkout.sessions.retrieve,
        }
        if prefix not in kinds:
            return None
        with _translated():
            found = _unless_missing(lambda: kinds[prefix](object_id).to_dict())
        return reference(found.get("customer")) if found else None

    def create_customer(self, user_id: uuid.UUID, *, idempotency_key: str) -> str:
        with _translated():
            created = self._client.v1.customers.create(
                {"metadata": {"user_id": str(user_id)}}, {"idempotency_key": idempotency_key}
            )
        return created.id

    def find_customer(self, user_id: uuid.UUID, *, asked_at: int) -> str | None:
        """The customer that an earlier request made although its answer was lost or an error."""
        with _translated():
            page = self._client.v1.customers.list(
                {"created": {"gte": asked_at - 300, "lte": asked_at + 600}, "limit": _PAGE_SIZE}
            )
            for number, customer in enumerate(page.auto_paging_iter()):
                if _user_id(customer.to_dict().get("metadata")) == user_id:
                    return customer.id
                if number >= _MAX_NEW_CUSTOMERS:
                    raise BillingError("unavailable")  # it may be among the rest
        return None

    def prices(self, lookup_keys: Sequence[str]) -> list[Price]:
        """The active prices of these lookup keys, in the order of the keys."""
        found: dict[str, Price] = {}
        for start in range(0, len(lookup_keys), _MAX_LOOKUP_KEYS):
            asked = list(lookup_keys[start : start + _MAX_LOOKUP_KEYS])
            with _translated():
                prices = self._client.v1.prices.list(
                    {"lookup_keys": asked, "active": True, "limit": _PAGE_SIZE}
                )
            seen = [_price(price.to_dict()) for price in prices.data]
            found |= {price.lookup_key: price for price in seen}
        return [found[key] for key in lookup_keys if key in found]

    def open_checkouts(self, customer_id: str) -> list[CheckoutSession]:
        with _translated():
            sessions = self._client.v1.checkout.sessions.list(
                {"customer": customer_id, "status": "open", "limit": _PAGE_SIZE}
            )
        return [_checkout(session.to_dict()) for session in sessions.data if session.url]

    def create_checkout(
        self,
        *,
        customer_id: str,
        user_id: uuid.UUID,
        plan: str,
        interval: str,
        price: str,
        urls: tuple[str, str],
        expires_at: int,
        idempotency_key: str,
    ) -> CheckoutSession:
        """A hosted page that sells one `plan`. `urls`: where it leads after success and cancel."""
        metadata = {"user_id": str(user_id), "plan": plan, "interval": interval}
        with _translated():
            session = self._client.v1.checkout.sessions.create(
                {
                    "mode": "subscription",
                    "customer": customer_id,
                    "client_reference_id": str(user_id),
                    "line_items": [{"price": price, "quantity": 1}],
                    "metadata": metadata,
                    "subscription_data": {"metadata": metadata},
                    "success_url": urls[0],
                    "cancel_url": urls[1],
                    "expires_at": expires_at,
                },
                {"idempotency_key": idempotency_key},
            )
        return _checkout(session.to_dict())

    def expire_checkout(self, session_id: str) -> None:
        """Expires a checkout; a completed or expired one stays as it is."""
        with _translated(), contextlib.suppress(stripe.InvalidRequestError):
            self._client.v1.checkout.sessions.expire(session_id)

    def create_portal(self, customer_id: str, *, return_url: str) -> str:
        """The URL of a customer portal session; it admits whoever holds it: never log it."""
        with _translated():
            session = self._client.v1.billing_portal.sessions.create(
                {"customer": customer_id, "return_url": return_url}
            )
        return session.url

    def cancel_everything(self, customer: Customer) -> int:
        """Expires open checkouts and cancels subscriptions now, unprorated.

        Returns the number of cancelled subscriptions.
        """
        if customer.is_deleted:
            return 0
        for checkout in self.open_checkouts(customer.id):
            self.expire_checkout(checkout.id)
        live = [found for found in customer.subscriptions if found.status not in _ENDED]
        for subscription in live:
            with _translated(), _already_gone():
                self._client.v1.subscriptions.cancel(
                    subscription.id, {"prorate": False, "invoice_now": False}
                )
        return len(live)

    def delete_customer(self, customer_id: str) -> None:
        with _translated(), _already_gone():
            self._client.v1.customers.delete(customer_id)

    def undelivered_events(self, since: int) -> Iterator[dict[str, Any]]:
        """At most 1,000 events after `since` that no endpoint of ours has answered with 200."""
        with _translated():
            page = self._client.v1.events.list(
                {"delivery_success": False, "created": {"gt": since}, "limit": _PAGE_SIZE}
            )
            for number, event in enumerate(page.auto_paging_iter()):
                if number >= 1000:
                    return
                yield event.to_dict()

    def _subscriptions(self, customer_id: str) -> tuple[Subscription, ...]:
        page = self._client.v1.subscriptions.list(
            {
                "customer": customer_id,
                "status": "all",
                "limit": _PAGE_SIZE,
                "expand": ["data.latest_invoice"],
            }
        )
        found = []
        for subscription in page.auto_paging_iter():
            found.append(subscription_seen(subscription.to_dict()))
            if len(found) >= _MAX_SUBSCRIPTIONS:
                break
        return tuple(found)


def open_gateway(settings: StripeSettings) -> Gateway | None:
    """Stripe with the key of the settings; None without one."""
    key = settings.stripe_secret_key
    return Gateway(key.get_secret_value(), api_base=settings.stripe_api_base) if key else None


def subscription_seen(found: Mapping[str, Any]) -> Subscription:
    """A subscription of any API version since 2025, where the items have the periods."""
    items = (found.get("items") or {}).get("data") or []
    prices = [item.get("price") or {} for item in items]
    starts = [item["current_period_start"] for item in items if item.get("current_period_start")]
    ends = [item["current_period_end"] for item in items if item.get("current_period_end")]
    period_end = max(ends, default=None)
    ends_with_period = bool(found.get("cancel_at_period_end"))
    cancel_at = found.get("cancel_at") or (period_end if ends_with_period else None)
    return Subscription(
        id=found["id"],
        status=found["status"],
        lookup_keys=tuple(price["lookup_key"] for price in prices if price.get("lookup_key")),
        current_period_start=max(starts, default=None),
        current_period_end=period_end,
        trial_end=found.get("trial_end"),
        past_due_at=_due_at(found) if found["status"] == "past_due" else None,
        # In flexible billing the portal sets only `cancel_at`.
        cancel_at_period_end=ends_with_period or cancel_at is not None,
        cancel_at=cancel_at,
        canceled_at=found.get("canceled_at"),
        pause_collection=(found.get("pause_collection") or {}).get("behavior"),
    )


def _due_at(subscription: Mapping[str, Any]) -> int | None:
    """When the latest invoice was due; None without one and while it is a draft."""
    invoice = subscription.get("latest_invoice")
    if not isinstance(invoice, dict) or invoice.get("status") == "draft":
        return None
    finalized_at = (invoice.get("status_transitions") or {}).get("finalized_at")
    due_at = invoice.get("due_date") or finalized_at or invoice.get("created")
    return due_at if isinstance(due_at, int) else None


def reference(value: object) -> str | None:
    """The id in a field that holds an id or the expanded object."""
    candidate = value.get("id") if isinstance(value, dict) else value
    is_id = isinstance(candidate, str) and re.fullmatch(
        r"[A-Za-z]{2,8}_\w{1,250}", candidate, re.ASCII
    )
    return cast("str", candidate) if is_id else None


def _checkout(session: Mapping[str, Any]) -> CheckoutSession:
    metadata = session.get("metadata") or {}
    # Those made before there were yearly prices name no interval.
    interval = metadata.get("interval", "month")
    return CheckoutSession(session["id"], session["url"], metadata.get("plan"), interval)


def _price(found: Mapping[str, Any]) -> Price:
    recurring = found.get("recurring") or {}
    interval = recurring.get("interval")
    is_plain = interval in ("month", "year") and recurring.get("interval_count", 1) == 1
    amount = found.get("unit_amount")
    return Price(
        id=found["id"],
        lookup_key=found["lookup_key"],
        interval=interval if is_plain else None,
        amount=amount if isinstance(amount, int) else None,
        currency=found.get("currency"),
    )


def _user_id(metadata: Mapping[str, Any] | None) -> uuid.UUID | None:
    try:
        return uuid.UUID((metadata or {}).get("user_id") or "")
    except (ValueError, TypeError, AttributeError):
        return None


def _unless_missing(call: Callable[[], _T]) -> _T | None:
    """What `call` returns, or None where Stripe answers 404."""
    try:
        return call()
    except stripe.InvalidRequestError as error:
        if error.http_status != 404:
            raise
        return None


@contextlib.contextmanager
def _already_gone() -> Iterator[None]:
    """Accepts 404, and 400 for a canceled subscription: the object has already ended."""
    try:
        yield
    except stripe.InvalidRequestError as error:
        if error.http_status != 404 and error.code != "resource_missing":
            raise


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError) as error:
        asked = str((error.headers or {}).get("Retry-After", ""))
        raise BillingError(
            "unavailable",
            request_id=error.request_id,
            after_seconds=min(int(asked), 3600) if asked.isdecimal() else 5,
            is_final=_is_final(error),
        ) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise BillingError(
            "misconfigured", request_id=error.request_id, is_final=_is_final(error)
        ) from error
    except stripe.StripeError as error:
        raise BillingError(
            "refused", request_id=error.request_id, is_final=_is_final(error)
        ) from error


def _is_final(error: stripe.StripeError) -> bool:
    """Whether Stripe stored this answer for its idempotency key.

    409 and 429 mean that the request has not begun. After 502 to 504 it may still be running.
    """
    if (error.headers or {}).get("Idempotent-Replayed") == "true":
        return True
    return error.http_status in {400, 401, 402, 403, 404, 500}
