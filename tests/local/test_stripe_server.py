"""The stand-in for Stripe as a process: pages to click through, and events until they are heard."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.stripe_gateway import Gateway
from local.scratch import free_port
from local.stripe import SECRET, FakeStripe
from local.stripe_server import create_server
from tests.patience import PATIENCE_SECONDS
from webhooks.signatures import verify_stripe

URLS = ("https://app.test/billing/success?id={CHECKOUT_SESSION_ID}", "https://app.test/billing")


@dataclass
class Edge:
    """Where events go; answers 500 until `is_well`."""

    url: str = ""
    is_well: bool = True
    refused: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, condition: Any) -> None:
        with self.news:
            assert self.news.wait_for(condition, PATIENCE_SECONDS)

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]


@pytest.fixture
def edge() -> Iterator[Edge]:
    heard = Edge()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            header = self.headers["Stripe-Signature"]
            stamp = int(re.match(r"t=(\d+)", header)[1])
            event = verify_stripe(body, header, secrets=[SECRET], now=stamp)
            with heard.news:
                if heard.is_well:
                    heard.events.append(event)
                else:
                    heard.refused += 1
                heard.news.notify_all()
            self.send_response(200 if heard.is_well else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Webhook)) as server:
        heard.url = f"http://127.0.0.1:{server.server_port}/subscriptions/webhook"
        yield heard


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Shop:
    """The running stand-in, our gateway to it, and a browser."""

    fake: FakeStripe
    gateway: Gateway
    browser: httpx.Client

    def checkout(self, customer: str, plan: str = "creator_yearly") -> str:
        [price] = self.gateway.prices([plan])
        session = self.gateway.create_checkout(
            customer_id=customer, user_id=USER, plan="creator", interval="year", price=price.id,
            urls=URLS, expires_at=self.fake.now() + 1860, idempotency_key=f"co:{customer}",
        )  # fmt: skip
        return session.url

    def portal(self, customer: str) -> str:
        return self.gateway.create_portal(customer, return_url="https://app.test/billing")

    def press(self, page: str, text: str) -> httpx.Response:
        """Presses the button with this text."""
        shown = self.browser.get(page).text
        [(path, _)] = [
            form
            for form in re.findall(r'action="([^"]+)"><button>([^<]+)<', shown)
            if form[1] == text
        ]
        return self.browser.post(httpx.URL(page).join(path))


USER = uuid.UUID(int=7)


@contextmanager
def started(path: Path, edge: Edge) -> Iterator[Shop]:
    port = free_port()
    with (
        serving(create_server(path, port, edge.url)) as server,
        httpx.Client(timeout=PATIENCE_SECONDS) as browser,
    ):
        gateway = Gateway("sk_test_local", api_base=f"http://127.0.0.1:{port}")
        yield Shop(server.RequestHandlerClass.fake, gateway, browser)


@pytest.fixture
def shop(tmp_path: Path, edge: Edge) -> Iterator[Shop]:
    with started(tmp_path / "stripe.json", edge) as one:
        yield one


def subscription(shop: Shop, customer: str) -> Any:
    [found] = shop.gateway.customer(customer).subscriptions
    return found


def test_a_browser_pays_and_is_sent_back_and_the_edge_hears_of_it(shop: Shop, edge: Edge) -> None:
    customer = shop.gateway.create_customer(USER, idempotency_key="one")
    page = shop.checkout(customer)
    shown = shop.browser.get(page)
    assert shown.headers["Content-Type"].startswith("text/html")
    assert "creator_yearly: 290.00 USD a year" in shown.text
    paid = shop.press(page, "Pay")
    assert paid.status_code == 303
    session_id = page.rsplit("/", 1)[1]
    assert paid.headers["Location"] == URLS[0].replace("{CHECKOUT_SESSION_ID}", session_id)
    assert subscription(shop, customer).status == "active"
    edge.wait_for(lambda: "checkout.session.completed" in edge.types)
    assert edge.types == ["customer.subscription.created", "checkout.session.completed"]
    assert shop.browser.get(page).status_code == 410


def test_a_declined_card_and_a_cancel_buy_nothing(shop: Shop) -> None:
    customer = shop.gateway.create_customer(USER, idempotency_key="one")
    page = shop.checkout(customer)
    assert "Your card was declined." in shop.press(page, "Pay with a card that is declined").text
    left = shop.press(page, "Cancel")
    assert (left.status_code, left.headers["Location"]) == (303, URLS[1])
    assert shop.gateway.customer(customer).subscriptions == ()
    assert [session.url for session in shop.gateway.open_checkouts(customer)] == [page]


def test_a_checkout_that_is_too_old_is_over(shop: Shop) -> None:
    page = shop.checkout(shop.gateway.create_customer(USER, idempotency_key="one"))
    now = shop.fake.now()
    shop.fake.now = lambda: now + 1861
    assert shop.browser.get(page).status_code == 410


def test_the_portal_cancels_and_resumes(shop: Shop, edge: Edge) -> None:
    customer = shop.gateway.create_customer(USER, idempotency_key="one")
    shop.press(shop.checkout(customer), "Pay")
    portal = shop.portal(customer)
    assert 'href="https://app.test/billing"' in shop.browser.get(portal).text
    answer = shop.press(portal, "Cancel at the end of the period")
    assert (answer.status_code, answer.headers["Location"]) == (303, httpx.URL(portal).path)
    found = subscription(shop, customer)
    assert (found.status, found.cancel_at) == ("active", found.current_period_end)
    shop.press(portal, "Resume")
    assert subscription(shop, customer).cancel_at is None
    shop.press(portal, "(Let the renewal fail)")
    assert subscription(shop, customer).status == "past_due"
    shop.press(portal, "(Let the payment succeed)")
    shop.press(portal, "(End it now)")
    assert subscription(shop, customer).status == "canceled"
    assert "<button>" not in shop.browser.get(portal).text
    edge.wait_for(lambda: "customer.subscription.deleted" in edge.types)


def test_a_portal_changes_subscriptions_of_its_own_customer_only(shop: Shop) -> None:
    mine, other = [shop.gateway.create_customer(USER, idempotency_key=key) for key in "ab"]
    shop.press(shop.checkout(other), "Pay")
    [name] = [one.id for one in shop.gateway.customer(other).subscriptions]
    portal = shop.portal(mine)
    for action in ("end", "cancel", "nothing"):
        assert shop.browser.post(f"{portal}/{name}/{action}").status_code == 303
    assert subscription(shop, other) == subscription(shop, other)
    assert (subscription(shop, other).status, subscription(shop, other).cancel_at) == (
        "active", None,
    )  # fmt: skip


def test_an_event_is_delivered_again_until_the_edge_hears_it(shop: Shop, edge: Edge) -> None:
    edge.is_well = False
    shop.press(shop.checkout(shop.gateway.create_customer(USER, idempotency_key="one")), "Pay")
    edge.wait_for(lambda: edge.refused >= 3)
    edge.is_well = True
    edge.wait_for(lambda: len(edge.events) == 2)
    assert len({event["id"] for event in edge.events}) == 2


def test_what_it_knows_outlives_it(tmp_path: Path, edge: Edge) -> None:
    path = tmp_path / "stripe.json"
    with started(path, edge) as shop:
        customer = shop.gateway.create_customer(USER, idempotency_key="one")
        shop.press(shop.checkout(customer), "Pay")
        edge.wait_for(lambda: len(edge.events) == 2)
        edge.is_well = False
        shop.press(shop.portal(customer), "(End it now)")
        edge.wait_for(lambda: edge.refused > 0)
    assert path.stat().st_mode & 0o077 == 0
    edge.is_well = True
    with started(path, edge) as again:
        assert subscription(again, customer).status == "canceled"
        # A repeated request is answered as before; a new one makes a new id.
        assert again.gateway.create_customer(USER, idempotency_key="one") == customer
        assert again.gateway.create_customer(USER, idempotency_key="two") != customer
        edge.wait_for(lambda: "customer.subscription.deleted" in edge.types)
        assert len(again.fake.of("price")) == 4


@pytest.mark.parametrize("path", ["/", "/c/pay/cs_test_1", "/p/session/bps_1", "/c/pay/../x"])
def test_other_pages_are_not_there(shop: Shop, path: str) -> None:
    assert shop.browser.get(f"{shop.fake.pages}{path}").status_code == 404
    assert shop.browser.post(f"{shop.fake.pages}{path}").status_code == 404
