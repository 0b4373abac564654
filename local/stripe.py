"""A stateful stand-in for Stripe on loopback: the part of its API that we use, events and faults.

The real `stripe` library talks to it. Methods play what happens at Stripe, such as a payment or a
renewal. Each change makes events, whose payloads keep the objects as they were.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Document = dict[str, Any]
SECRET = "whsec_test_secret"  # noqa: S105 - the stand-in signs with it, nobody else
MONTH_SECONDS = 30 * 24 * 3600
_YEAR_SECONDS = 365 * 24 * 3600
# What the seed shows, in US cents.
PRICES = {
    "creator_monthly": ("month", 2900),
    "creator_yearly": ("year", 29000),
    "agency_monthly": ("month", 19900),
    "agency_yearly": ("year", 199000),
}
_ENDED = ("canceled", "incomplete_expired")


class Refusal(Exception):  # noqa: N818 - what Stripe answers
    """An error answer of the API."""

    def __init__(self, status: int, code: str, kind: str = "invalid_request_error") -> None:
        super().__init__(code)
        self.status, self.code, self.kind = status, code, kind


@dataclass
class Fault:
    """What to do instead of answering a request, or (`after`) after doing what it asks."""

    status: int | None = None
    delay_seconds: float = 0
    drop: bool = False  # closes the connection
    after: bool = False  # the request has its effect
    retry_after: int | None = None


@dataclass
class FakeStripe:
    """`faults` decides about each (method, path); `requests` lists those that came."""

    port: int = 0
    account_id: str = "acct_1"
    salt: str = ""  # sets its ids apart from those of another one
    pages: str | None = None  # where its checkout and portal are; None: nowhere
    now: Callable[[], int] = lambda: int(time.time())
    objects: dict[str, Document] = field(default_factory=dict)
    events: list[Document] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: Callable[[str, str], Fault | None] = lambda _method, _path: None
    _failed: dict[str, int] = field(default_factory=dict)
    _replies: dict[str, tuple[Document, Document]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def state(self) -> Document:
        """All that it knows, as JSON, for `restore`."""
        return {
            "salt": self.salt,
            "objects": self.objects,
            "events": self.events,
            "replies": self._replies,
            "number": next(self._numbers),
        }

    def restore(self, state: Document) -> None:
        """Goes on from what `state` returned."""
        self.salt, self.objects, self.events = state["salt"], state["objects"], state["events"]
        self._replies = {key: (form, reply) for key, (form, reply) in state["replies"].items()}
        self._numbers = itertools.count(state["number"] + 1)

    def of(self, kind: str, **fields: Any) -> list[Document]:
        """Objects of a kind whose fields have these values, newest first."""
        return [
            found
            for found in reversed(self.objects.values())
            if found["object"] == kind
            and all(found.get(name) == value for name, value in fields.items())
        ]

    # What happens at Stripe without us

    def add_price(self, lookup_key: str, **fields: Any) -> Document:
        """Adds a price of PRICES; `fields` replace its own."""
        interval, amount = PRICES[lookup_key]
        known = {
            "lookup_key": lookup_key,
            "active": True,
            "unit_amount": amount,
            "currency": "usd",
            "recurring": {"interval": interval, "interval_count": 1},
        }
        return self._add("price", "price", **known | fields)

    def offer(self) -> None:
        """Adds a price of each plan and interval."""
        for lookup_key in PRICES:
            self.add_price(lookup_key)

    def add_customer(self, **metadata: str) -> Document:
        return self._add("cus", "customer", metadata=metadata)

    def subscribe(
        self,
        customer: str,
        lookup_key: str = "creator_monthly",
        status: str = "active",
        **more: Any,
    ) -> Document:
        """A new subscription, as if bought outside of our checkout."""
        with self.lock:
            start = self.now()
            is_yearly = PRICES.get(lookup_key, ("month", 0))[0] == "year"
            end = start + (_YEAR_SECONDS if is_yearly else MONTH_SECONDS)
            period = {"current_period_start": start, "current_period_end": end}
            item = {"object": "subscription_item", "price": {"lookup_key": lookup_key}, **period}
            subscription = self._add(
                "sub",
                "subscription",
                customer=customer,
                status=status,
                items={"object": "list", "data": [item]},
                **{"cancel_at_period_end": False, "metadata": {}, **more},
            )
            self.emit("customer.subscription.created", subscription)
            return subscription

    def pay(self, session_id: str, status: str = "active") -> Document:
        """Completes a checkout session: subscription first, then the session's own event."""
        with self.lock:
            session = self.objects[session_id]
            session.update(status="complete", url=None)
            key = self.objects[session["line_items"]["0"]["price"]]["lookup_key"]
            metadata = session["subscription_data"]["metadata"]
            subscription = self.subscribe(session["customer"], key, status, metadata=metadata)
            session["subscription"] = subscription["id"]
            self.emit("checkout.session.completed", session)
            return subscription

    def change(self, subscription_id: str, event: str = "updated", **fields: Any) -> None:
        with self.lock:
            subscription = self.objects[subscription_id]
            subscription.update(fields)
            self.emit(f"customer.subscription.{event}", subscription)

    def upgrade(self, subscription_id: str, lookup_key: str) -> None:
        with self.lock:
            [item] = self.objects[subscription_id]["items"]["data"]
            item["price"] = {"lookup_key": lookup_key}
            self.change(subscription_id)

    def fail_renewal(self, subscription_id: str) -> None:
        """A new period begins, its invoice is not paid."""
        with self.lock:
            subscription = self.objects[subscription_id]
            [item] = subscription["items"]["data"]
            item["current_period_start"] = self.now()
            item["current_period_end"] = self.now() + MONTH_SECONDS
            self.fail_payment(subscription_id)

    def fail_payment(self, subscription_id: str) -> None:
        """An invoice within the period, as of a change of plan, is not paid."""
        with self.lock:
            subscription = self.objects[subscription_id]
            invoice = self.invoice(subscription["customer"], "payment_failed")
            self.change(subscription_id, status="past_due", latest_invoice=invoice["id"])

    def invoice(self, customer: str, event: str) -> Document:
        due = {"status": "open", "status_transitions": {"finalized_at": self.now()}}
        invoice = self._add("in", "invoice", customer=customer, **due)
        self.emit(f"invoice.{event}", invoice)
        return invoice

    def cancel(self, subscription_id: str) -> None:
        self.change(subscription_id, "deleted", status="canceled", canceled_at=self.now())

    def delete(self, customer_id: str) -> None:
        with self.lock:
            for subscription in self.of("subscription", customer=customer_id):
                if subscription["status"] not in _ENDED:
                    self.cancel(subscription["id"])
            self.emit("customer.deleted", self.objects[customer_id])
            self.objects[customer_id] = {"id": customer_id, "object": "customer", "deleted": True}

    def emit(self, kind: str, subject: Document, *, thin: bool = False) -> Document:
        """Adds an event with a copy of the object; a thin one has its id only."""
        base: Document = {"id": self._id("evt"), "type": kind, "livemode": False}
        if thin:
            related = {
                "id": subject["id"],
                "type": subject["object"],
                "url": "https://evil.example",
            }
            event = base | {"object": "v2.core.event", "type": f"v1.{kind}"}
            event |= {"created": "2026-11-22T20:00:00Z", "related_object": related}
        else:
            event = base | {"object": "event", "api_version": "2026-10-28.endive"}
            event |= {"created": self.now(), "data": {"object": copy.deepcopy(subject)}}
        self.events.append(event)
        return event

    # The API

    def stored_failure(self, key: str | None, fault: Fault) -> int | None:
        """The 500 that this idempotency key was answered with: Stripe repeats it for a day."""
        with self.lock:
            if key in self._failed:
                return self._failed[key]
            if key is not None and fault.status == 500:
                self._failed[key] = 500
            return None

    def answer(self, method: str, path: str, form: Document, key: str | None) -> Document:
        with self.lock:
            self.requests.append((method, path))
            if key is not None and key in self._replies:
                known_form, reply = self._replies[key]
                if known_form != form:
                    raise Refusal(400, "idempotency_key_in_use", "idempotency_error")
                return reply
            for pattern, handler in self._routes(method):
                match = re.fullmatch(pattern, path)
                if match:
                    reply = copy.deepcopy(handler(form, *match.groups()))
                    if key is not None:
                        self._replies[key] = (form, reply)
                    return reply
            raise Refusal(404, "unknown_route")

    def _routes(self, method: str) -> list[tuple[str, Callable[..., Document]]]:
        one = r"/v1/(?:customers|subscriptions|invoices|checkout/sessions)/(\w+)"
        if method == "GET":
            return [
                ("/v1/account", lambda _form: {"id": self.account_id, "object": "account"}),
                (one, lambda _form, name: self._get(name)),
                ("/v1/customers", self._list_customers),
                ("/v1/prices", self._list_prices),
                ("/v1/subscriptions", lambda form: self._list("subscription", form)),
                ("/v1/checkout/sessions", lambda form: self._list("checkout.session", form)),
                ("/v1/events", lambda form: self._page(self.events[::-1], form, "/v1/events")),
            ]
        if method == "DELETE":
            return [
                (r"/v1/subscriptions/(\w+)", self._delete_subscription),
                (r"/v1/customers/(\w+)", self._delete_customer),
            ]
        return [
            ("/v1/customers", lambda form: self.add_customer(**form.get("metadata", {}))),
            ("/v1/checkout/sessions", self._create_session),
            (r"/v1/checkout/sessions/(\w+)/expire", self._expire_session),
            ("/v1/billing_portal/sessions", self._create_portal),
        ]

    def _get(self, name: str) -> Document:
        if name not in self.objects:
            raise Refusal(404, "resource_missing")
        return self.objects[name]

    def _list_customers(self, form: Document) -> Document:
        first, last = int(form["created"]["gte"]), int(form["created"]["lte"])
        living = [one for one in self.of("customer") if not one.get("deleted")]
        found = [one for one in living if first <= one["created"] <= last]
        return self._page(found, form, "/v1/customers")

    def _list_prices(self, form: Document) -> Document:
        keys = form["lookup_keys"].values()
        found = [one for one in self.of("price", active=True) if one["lookup_key"] in keys]
        return self._page(found, {}, "/v1/prices")

    def _list(self, kind: str, form: Document) -> Document:
        found = self.of(kind, customer=form["customer"])
        if form.get("status", "all") != "all":
            found = [one for one in found if one["status"] == form["status"]]
        if form.get("expand") == {"0": "data.latest_invoice"}:
            invoice = {one["id"]: self.objects.get(one.get("latest_invoice", "")) for one in found}
            found = [one | {"latest_invoice": invoice[one["id"]]} for one in found]
        path = {"subscription": "/v1/subscriptions", "checkout.session": "/v1/checkout/sessions"}
        return self._page(found, form, path[kind])

    def _page(self, found: list[Document], form: Document, path: str) -> Document:
        names = [str(one["id"]) for one in found]
        start = names.index(form["starting_after"]) + 1 if "starting_after" in form else 0
        end = start + int(form.get("limit", 100))
        return {
            "object": "list",
            "data": found[start:end],
            "has_more": end < len(found),
            "url": path,
        }

    def _create_session(self, form: Document) -> Document:
        if self._get(form["customer"]).get("deleted"):
            raise Refusal(400, "resource_missing")
        session = self._add("cs_test", "checkout.session", status="open", **form)
        session["url"] = f"{self.pages or 'https://checkout.stripe.test'}/c/pay/{session['id']}"
        return session

    def _expire_session(self, _form: Document, name: str) -> Document:
        session = self._get(name)
        if session["status"] != "open":
            raise Refusal(400, "checkout_session_not_open")
        session.update(status="expired", url=None)
        self.emit("checkout.session.expired", session)
        return session

    def _create_portal(self, form: Document) -> Document:
        self._get(form["customer"])
        portal = self._add("bps", "billing_portal.session", **form)
        here = f"{self.pages}/p/session/{portal['id']}"
        portal["url"] = here if self.pages else "https://billing.stripe.test/p"
        return portal

    def _delete_subscription(self, _form: Document, name: str) -> Document:
        if self._get(name)["status"] in _ENDED:
            raise Refusal(404, "resource_missing")
        self.cancel(name)
        return self.objects[name]

    def _delete_customer(self, _form: Document, name: str) -> Document:
        if self._get(name).get("deleted"):
            raise Refusal(404, "resource_missing")
        self.delete(name)
        return self.objects[name]

    def _add(self, prefix: str, kind: str, **fields: Any) -> Document:
        created: Document = {"id": self._id(prefix), "object": kind, "created": self.now()}
        created |= fields
        self.objects[created["id"]] = created
        return created

    def _id(self, prefix: str) -> str:
        with self.lock:
            return f"{prefix}_{self.salt}{next(self._numbers):014d}"


def signed(event: Document, *, now: int, secret: str = SECRET) -> tuple[bytes, str]:
    """The body of a delivery and its Stripe-Signature header."""
    body = json.dumps(event).encode()
    digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={now},v1={digest}"


@contextmanager
def serving(fake: FakeStripe | None = None, *, port: int = 0) -> Iterator[FakeStripe]:
    """Serves until the block ends."""
    fake = fake or FakeStripe()
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Serving", (Handler,), {"fake": fake}))
    server.daemon_threads = True
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """The API over HTTP."""

    fake: FakeStripe

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        fault = self.fake.faults(self.command, parts.path) or Fault()
        failure = self.fake.stored_failure(self.headers.get("Idempotency-Key"), fault)
        if failure is not None:
            self._refuse(failure, {"Idempotent-Replayed": "true"})
            return
        time.sleep(fault.delay_seconds)
        is_answered = fault.after or not (fault.status or fault.drop)
        if is_answered:
            self._answer(parts.path, _form(parts.query) | _form(body), fault)
        if fault.drop:
            self.close_connection = True
        elif fault.status:
            extra = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
            self._refuse(fault.status, extra)

    def _refuse(self, status: int, headers: dict[str, str]) -> None:
        self._send(status, {"error": {"type": "api_error", "message": "fault"}}, headers)

    def _answer(self, path: str, form: Document, fault: Fault) -> None:
        try:
            status, document = (
                200,
                self.fake.answer(self.command, path, form, self.headers.get("Idempotency-Key")),
            )
        except Refusal as error:
            status = error.status
            document = {"error": {"type": error.kind, "code": error.code, "message": error.code}}
        if not (fault.status or fault.drop):
            self._send(status, document, {})

    def _send(self, status: int, document: Document, headers: dict[str, str]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Request-Id", "req_fake")
        self.end_headers()
        self.wfile.write(content)


def _form(text: str) -> Document:
    """Stripe's form encoding: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}."""
    form: Document = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        target, last = form, first
        for part in rest:
            target = target.setdefault(last, {})
            last = part
        target[last] = value
    return form
