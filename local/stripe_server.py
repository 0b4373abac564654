"""`python -m local.stripe_server`: the stand-in for Stripe as a process of the stack.

It has pages that a browser can click through, delivers its events to the edge until they are
answered, and keeps what it knows in a file.
"""

from __future__ import annotations

import html
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from core.config import LocalSettings
from local.layout import Layout
from local.stripe import Document, FakeStripe, Handler, signed

ACCOUNT_ID = "acct_local"  # of this stand-in, so that nobody takes it for a real one
_DELIVERY_SECONDS = 10.0
_PAUSES_SECONDS = (0.2, 1.0, 5.0, 15.0)  # between tries to deliver; the last one repeats

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1rem/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}}
form{{display:inline}}button{{font:inherit;padding:.4rem .8rem;margin:.2rem}}</style>
<p><small>A stand-in for Stripe on this machine. No money moves.</small></p><h1>{title}</h1>{body}
"""


class Store:
    """The state of a `FakeStripe` and which events the edge has answered, in a file."""

    def __init__(self, path: Path, fake: FakeStripe) -> None:
        self._path, self.fake = path, fake
        self.delivered: set[str] = set()
        if path.exists():
            known = json.loads(path.read_text())
            fake.restore(known["stripe"])
            self.delivered = set(known["delivered"])
        else:
            fake.salt = secrets.token_hex(4)
            fake.offer()

    def save(self) -> None:
        """Writes the file whole or not at all."""
        with self.fake.lock:
            text = json.dumps(
                {"stripe": self.fake.state(), "delivered": sorted(self.delivered)}, indent=1
            )
            new = self._path.with_suffix(".new")
            new.touch(mode=0o600)
            new.write_text(text)
            new.replace(self._path)

    def waiting(self) -> list[Document]:
        """The events that the edge has not answered with 200, the oldest first."""
        with self.fake.lock:
            return [event for event in self.fake.events if event["id"] not in self.delivered]


class Deliveries(threading.Thread):
    """Delivers each event until the edge answers 200, as Stripe does for three days."""

    def __init__(self, store: Store, url: str) -> None:
        super().__init__(daemon=True)
        self._store, self._url = store, url
        self.news = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=_DELIVERY_SECONDS, trust_env=False) as client:
            tries = 0
            while True:
                waiting = self._store.waiting()
                done = [event["id"] for event in waiting if self._is_delivered(client, event)]
                if done:
                    self._store.delivered.update(done)
                    self._store.save()
                tries = 0 if len(done) == len(waiting) else tries + 1
                pause = _PAUSES_SECONDS[min(tries, len(_PAUSES_SECONDS)) - 1] if tries else None
                self.news.wait(pause)
                self.news.clear()

    def _is_delivered(self, client: httpx.Client, event: Document) -> bool:
        body, signature = signed(event, now=int(time.time()))
        try:
            answer = client.post(self._url, content=body, headers={"Stripe-Signature": signature})
        except httpx.HTTPError:
            return False
        print(f"{event['type']} {event['id']} → {answer.status_code}", flush=True)
        return answer.status_code == httpx.codes.OK


class Pages(Handler):
    """The API, and beside it a checkout page and a customer portal."""

    store: Store
    deliveries: Deliveries

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            super()._serve()
        else:
            self._page(path)
        if self.command != "GET":
            self.store.save()
            self.deliveries.news.set()

    def _page(self, path: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/healthz":
            self._show("Stripe", "<p>ok</p>")
            return
        for method, pattern, page in (
            ("GET", r"/c/pay/(cs_test_\w+)", self._checkout),
            ("POST", r"/c/pay/(cs_test_\w+)/(pay|decline|cancel)", self._leave_checkout),
            ("GET", r"/p/session/(bps_\w+)", self._portal),
            ("POST", r"/p/session/(bps_\w+)/(sub_\w+)/(\w+)", self._change),
        ):
            found = re.fullmatch(pattern, path)
            if found and method == self.command and found[1] in self.fake.objects:
                with self.fake.lock:
                    page(*found.groups())
                return
        self._show("There is no such page", "", status=404)

    def _checkout(self, session_id: str, note: str = "") -> None:
        session = self.fake.objects[session_id]
        if session["status"] != "open" or int(session["expires_at"]) < self.fake.now():
            self._show("This checkout is over", "", status=410)
            return
        price = self.fake.objects[session["line_items"]["0"]["price"]]
        body = f"<p>{_price(price)}</p>{note}" + "".join(
            _button(f"/c/pay/{session_id}/{action}", text)
            for action, text in (
                ("pay", "Pay"),
                ("decline", "Pay with a card that is declined"),
                ("cancel", "Cancel"),
            )
        )
        self._show("Checkout", body)

    def _leave_checkout(self, session_id: str, action: str) -> None:
        session = self.fake.objects[session_id]
        if action == "cancel":
            self._redirect(session["cancel_url"])
        elif action == "decline" or session["status"] != "open":
            self._checkout(session_id, '<p role="alert">Your card was declined.</p>')
        else:
            self.fake.pay(session_id)
            self._redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id))

    def _portal(self, portal_id: str) -> None:
        portal = self.fake.objects[portal_id]
        parts = []
        for one in self.fake.of("subscription", customer=portal["customer"]):
            [item] = one["items"]["data"]
            ends = one.get("cancel_at")
            ending = f", ends on {time.strftime('%Y-%m-%d', time.gmtime(ends))}" if ends else ""
            parts.append(
                f"<h2>{html.escape(item['price']['lookup_key'])}</h2>"
                f"<p>{html.escape(one['status'])}{ending}</p>"
                + "".join(
                    _button(f"/p/session/{portal_id}/{one['id']}/{action}", text)
                    for action, (text, is_offered, _) in CHANGES.items()
                    if is_offered(one)
                )
            )
        back = html.escape(portal.get("return_url", ""), quote=True)
        body = "".join(parts) or "<p>No subscription yet.</p>"
        self._show("Customer portal", f'{body}<p><a href="{back}">Back</a></p>')

    def _change(self, portal_id: str, subscription_id: str, action: str) -> None:
        known = self.fake.objects.get(subscription_id, {})
        _, is_offered, change = CHANGES.get(action, _NO_CHANGE)
        if known.get("customer") == self.fake.objects[portal_id]["customer"] and is_offered(known):
            change(self.fake, subscription_id)
        self._redirect(f"/p/session/{portal_id}")

    def _redirect(self, url: str) -> None:
        self.send_response(303)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _show(self, title: str, body: str, status: int = 200) -> None:
        content = _PAGE.format(title=title, body=body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def _price(price: Document) -> str:
    amount = f"{price['unit_amount'] / 100:.2f} {price['currency'].upper()}"
    return html.escape(f"{price['lookup_key']}: {amount} a {price['recurring']['interval']}")


def _button(path: str, text: str) -> str:
    return f'<form method="post" action="{path}"><button>{text}</button></form>'


def _is_live(subscription: Document) -> bool:
    return subscription["status"] in {"active", "trialing", "past_due"}


def _cancel_later(fake: FakeStripe, name: str) -> None:
    [item] = fake.objects[name]["items"]["data"]
    fake.change(name, cancel_at_period_end=True, cancel_at=item["current_period_end"])


Change = tuple[str, Callable[[Document], bool], Callable[[FakeStripe, str], Any]]
_NO_CHANGE: Change = ("", lambda _: False, lambda *_: None)
# The first two are what the portal offers. The others play what else happens at Stripe.
CHANGES: dict[str, Change] = {
    "cancel": (
        "Cancel at the end of the period",
        lambda s: _is_live(s) and not s.get("cancel_at"),
        _cancel_later,
    ),
    "resume": (
        "Resume",
        lambda s: _is_live(s) and bool(s.get("cancel_at")),
        lambda fake, name: fake.change(name, cancel_at_period_end=False, cancel_at=None),
    ),
    "fail": (
        "(Let the renewal fail)",
        lambda s: s["status"] == "active",
        lambda fake, name: fake.fail_renewal(name),
    ),
    "recover": (
        "(Let the payment succeed)",
        lambda s: s["status"] == "past_due",
        lambda fake, name: fake.change(name, status="active"),
    ),
    "end": ("(End it now)", _is_live, lambda fake, name: fake.cancel(name)),
}


def create_server(path: Path, port: int, webhook_url: str) -> ThreadingHTTPServer:
    """The stand-in on loopback, with what the file at `path` knows; not serving yet."""
    fake = FakeStripe(account_id=ACCOUNT_ID, pages=f"http://127.0.0.1:{port}")
    store = Store(path, fake)
    store.save()
    deliveries = Deliveries(store, webhook_url)
    handler = type("Handler", (Pages,), {"fake": fake, "store": store, "deliveries": deliveries})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    deliveries.start()
    return server


def main() -> None:
    """Entry point. Its file and the port of the edge come from the settings of the stack."""
    settings = LocalSettings()
    webhook_url = f"http://127.0.0.1:{settings.edge_port}/subscriptions/webhook"
    layout = Layout(settings.local_dir)
    os.umask(0o077)
    create_server(layout.stripe, settings.stripe_port, webhook_url).serve_forever()


if __name__ == "__main__":
    main()
