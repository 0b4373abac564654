"""`make demo-billing`: buys a plan in a checkout and cancels it.

The edge, the worker, the database and Stripe's client are the real ones. Stripe is a stand-in on
loopback.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg

from core.config import LocalSettings
from local import clerk, environment, stack, stripe
from local.layout import Layout

Say = Callable[[str], None]

_PATIENCE_SECONDS = 30.0


class DemoError(RuntimeError):
    """The plan is not what it should be; the message says what was seen."""


def run(settings: LocalSettings, say: Say) -> None:
    """Runs the demo for a new user, then restarts the stack without the stand-in."""
    with stripe.serving(stripe.FakeStripe(salt=secrets.token_hex(4))) as fake:
        fake.offer()
        with _stack_with(settings, fake, say):
            _play(settings, fake, say)
    say("Stripe is gone again: restarting the stack without it …")
    stack.up(settings, lambda _text: None)
    url = environment.database_url(settings, Layout(settings.local_dir), "postgres")
    with psycopg.connect(url, autocommit=True) as db:
        # The row names the stand-in's account. With it a real key would look like a wrong account.
        db.execute("delete from private.stripe_account")


def _play(settings: LocalSettings, fake: stripe.FakeStripe, say: Say) -> None:
    layout = Layout(settings.local_dir)
    token = clerk.sign_in(settings, layout, f"shopper-{secrets.token_hex(4)}")
    api = httpx.Client(
        base_url=environment.api_url(settings),
        headers={"Authorization": f"Bearer {token.text}"},
        timeout=10,
    )
    with api:
        say(f"A new user ({token.user_id}) has {_rows(api) or 'no subscription'}.")
        page = _expect(api.post("/subscriptions/create", json={"plan": "creator"}), 201)
        say(f"POST /subscriptions/create → 201, a checkout page on {httpx.URL(page['url']).host}")
        [checkout] = fake.of("checkout.session")
        subscription = fake.pay(checkout["id"])
        _deliver(api, fake, say)
        say(f"The worker has looked at Stripe: {_wait(api, 'active')}")
        refusal = _expect(api.post("/subscriptions/create", json={"plan": "agency"}), 409)
        say(f"A second checkout → 409 {refusal['code']}: {refusal['detail']}")
        _expect(api.post("/subscriptions/portal"), 201)
        say("POST /subscriptions/portal → 201, a customer portal")
        fake.cancel(subscription["id"])
        _deliver(api, fake, say)
        say(f"Cancelled there, and here: {_wait(api, 'canceled')}")


def _deliver(api: httpx.Client, fake: stripe.FakeStripe, say: Say) -> None:
    """Delivers all events in the worst way: newest first, each one twice."""
    for event in [*reversed(fake.events)] * 2:
        body, signature = stripe.signed(event, now=int(time.time()))
        headers = {"Stripe-Signature": signature}
        _expect(api.post("/subscriptions/webhook", content=body, headers=headers), 200)
    say(f"Stripe delivered {len(fake.events)} events, newest first, each twice → 200")


def _wait(api: httpx.Client, status: str) -> str:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if status in (seen := _rows(api)):
            return seen
        time.sleep(0.1)
    raise DemoError(f"The subscription should be {status} by now, but the API shows: {seen}")


def _rows(api: httpx.Client) -> str:
    """The user's subscriptions, as the public API shows them."""
    rows = _expect(api.get("/rest/v1/subscriptions", params={"select": "plan,status"}), 200)
    return ", ".join(f"plan {row['plan']}, {row['status']}" for row in rows)


def _expect(response: httpx.Response, status: int) -> Any:
    if response.status_code != status:
        raise DemoError(f"{response.request.url.path} → {response.status_code}: {response.text}")
    return response.json()


@contextmanager
def _stack_with(settings: LocalSettings, fake: stripe.FakeStripe, say: Say) -> Iterator[None]:
    """The stack with the stand-in. Its processes read Stripe's address from the environment."""
    variables = {
        "STRIPE_SECRET_KEY": "sk_test_demo",
        "STRIPE_API_BASE": fake.base,
        "STRIPE_WEBHOOK_SECRETS": stripe.SECRET,
    }
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        stack.up(settings, say)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
