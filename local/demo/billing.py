"""`make demo-billing`: buys a plan in a checkout and cancels it.

The edge, the worker, the database and Stripe's client are the real ones. Stripe is the stand-in of
`make up STRIPE=fake`, clicked through over HTTP.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx

from core.config import LocalSettings
from local import clerk, environment, stack
from local.layout import Layout

Say = Callable[[str], None]

_PATIENCE_SECONDS = 30.0


class DemoError(RuntimeError):
    """The plan is not what it should be; the message says what was seen."""


def run(settings: LocalSettings, say: Say) -> None:
    """Runs the demo for a new user, then restarts the stack as it was asked for."""
    with_stripe = settings.model_copy(update={"stripe": "fake"})
    stack.up(with_stripe, say)
    _play(with_stripe, say)
    if settings.stripe != "fake":
        say("Restarting the stack without it. `make up STRIPE=fake` starts one that stays …")
        stack.up(settings, lambda _text: None)


def _play(settings: LocalSettings, say: Say) -> None:
    layout = Layout(settings.local_dir)
    token = clerk.sign_in(settings, layout, f"shopper-{secrets.token_hex(4)}")
    api = httpx.Client(
        base_url=environment.api_url(settings),
        headers={"Authorization": f"Bearer {token.text}"},
        timeout=10,
    )
    with api, httpx.Client(timeout=10) as browser:
        say(f"A new user ({token.user_id}) has {_rows(api) or 'no subscription'}.")
        say(f"The plans cost {_prices(api)}.")
        order = {"plan": "creator", "interval": "year"}
        page = _expect(api.post("/subscriptions/create", json=order), 201)["url"]
        say(f"POST /subscriptions/create → 201, {page}")
        declined = _click(browser, page, "decline")
        if "declined" not in declined.text:
            raise DemoError("A declined card is not told.")
        say(f"A card is declined, and the user has {_rows(api) or 'no subscription'}.")
        paid = _click(browser, page, "pay")
        say(f"Paid: Stripe sends the browser to {paid.headers['Location']}")
        say(f"Stripe's events have come, and the worker has looked: {_wait(api, 'active')}")
        refusal = _expect(api.post("/subscriptions/create", json={"plan": "agency"}), 409)
        say(f"A second checkout → 409 {refusal['code']}: {refusal['detail']}")
        portal = _expect(api.post("/subscriptions/portal"), 201)["url"]
        say(f"POST /subscriptions/portal → 201, {portal}")
        _click(browser, portal, "cancel")
        say(f"Cancelled there, and here: {_wait(api, 'active until')}")
        _click(browser, portal, "resume")
        say(f"Resumed: {_wait(api, 'active', unlike='until')}")
        _click(browser, portal, "end")
        say(f"Ended there, and here: {_wait(api, 'canceled')}")


def _click(browser: httpx.Client, page: str, action: str) -> httpx.Response:
    """Presses the button of a page whose form leads to `…/action`."""
    shown = browser.get(page).text
    found = re.search(rf'action="([^"]*/{action})"', shown)
    if not found:
        raise DemoError(f"{page} has no button for {action}: {shown}")
    return browser.post(httpx.URL(page).join(found[1]))


def _wait(api: httpx.Client, status: str, unlike: str = "nothing") -> str:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if status in (seen := _rows(api)) and unlike not in seen:
            return seen
        time.sleep(0.1)
    raise DemoError(f"The subscription should be {status} by now, but the API shows: {seen}")


def _rows(api: httpx.Client) -> str:
    """The user's subscriptions, as the public API shows them."""
    asked = {"select": "plan,status,cancel_at"}
    rows = _expect(api.get("/rest/v1/subscriptions", params=asked), 200)
    return ", ".join(
        f"plan {row['plan']}, {row['status']}"
        + (f" until {row['cancel_at'][:10]}" if row["cancel_at"] else "")
        for row in rows
    )


def _prices(api: httpx.Client) -> str:
    plans = _expect(api.get("/rest/v1/plans", params={"order": "rank"}), 200)
    return ", ".join(
        f"{plan['id']} {price['amount'] / 100:.0f} {price['currency']} a {price['interval']}"
        for plan in plans
        for price in plan["prices"]
    )


def _expect(response: httpx.Response, status: int) -> Any:
    if response.status_code != status:
        raise DemoError(f"{response.request.url.path} → {response.status_code}: {response.text}")
    return response.json()
