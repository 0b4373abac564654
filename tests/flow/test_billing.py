"""`make up STRIPE=fake`: a browser buys a plan and cancels it, and the API follows."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from local import clerk
from tests.flow.stack import LocalStack, configured, processes_of
from tests.patience import PATIENCE_SECONDS
from tests.server import home

pytestmark = pytest.mark.flow
SERVER = ("-m", "local.stripe_server")


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    # A real key of a developer must not meet the stand-in.
    one = configured(
        home() / f"flow-{os.getpid()}-billing",
        STRIPE="fake",
        STRIPE_SECRET_KEY="sk_live_real",
        STRIPE_API_BASE="http://127.0.0.1:9",
    )
    try:
        started = one.run("up", check=False)
        assert started.returncode == 0, started.stderr
        yield one
    finally:
        one.stop()


@pytest.fixture
def api(stack: LocalStack) -> Iterator[httpx.Client]:
    token = clerk.sign_in(stack.settings, stack.layout, f"shopper-{time.time_ns()}")
    headers = {"Authorization": f"Bearer {token.text}"}
    with httpx.Client(base_url=stack.env["API_URL"], headers=headers, timeout=60) as client:
        yield client


def press(page: str, action: str) -> httpx.Response:
    with httpx.Client(timeout=60) as browser:
        found = re.search(rf'action="([^"]*/{action})"', browser.get(page).text)
        assert found, action
        return browser.post(httpx.URL(page).join(found[1]))


def until(api: httpx.Client, **expected: Any) -> None:
    """Until the account's subscription looks like that in the API."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    columns = ",".join(expected)
    while (seen := api.get(f"/rest/v1/subscriptions?select={columns}").json()) != [expected]:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def buy(api: httpx.Client, plan: str, interval: str) -> str:
    order = {"plan": plan, "interval": interval}
    return api.post("/subscriptions/create", json=order).raise_for_status().json()["url"]


def test_a_plan_is_bought_cancelled_resumed_and_ended_by_clicks(
    stack: LocalStack, api: httpx.Client
) -> None:
    assert "declined" in press(buy(api, "agency", "year"), "decline").text
    assert press(buy(api, "agency", "year"), "pay").status_code == 303
    until(api, plan="agency", status="active", cancel_at_period_end=False)
    assert api.get("/rest/v1/rpc/account").json()["plan"] == "agency"
    portal = api.post("/subscriptions/portal").raise_for_status().json()["url"]
    press(portal, "cancel")
    until(api, status="active", cancel_at_period_end=True)
    press(portal, "resume")
    until(api, status="active", cancel_at_period_end=False)
    press(portal, "fail")
    until(api, status="past_due")
    press(portal, "end")
    until(api, status="canceled")
    assert api.get("/rest/v1/rpc/account").json()["plan"] == "free"


def test_status_shows_it_and_a_killed_one_comes_back_as_it_was(
    stack: LocalStack, api: httpx.Client
) -> None:
    press(buy(api, "creator", "month"), "pay")
    until(api, plan="creator", status="active")
    shown = stack.run("status").stdout
    assert re.search(
        rf"^stripe +http://127\.0\.0\.1:{stack.settings.stripe_port} +ok$", shown, re.MULTILINE
    )
    [server] = processes_of(stack, *SERVER)
    server.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stack.run("status", check=False).returncode:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert processes_of(stack, *SERVER) != [server]
    assert api.post("/subscriptions/sync").json() == {"plan": "creator"}
    assert api.post("/subscriptions/create", json={"plan": "agency"}).status_code == 409


def test_up_without_it_ends_it_and_forgets_its_account(
    stack: LocalStack,
) -> None:
    with psycopg.connect(stack.env["DB_URL"], autocommit=True) as db:
        [(account,)] = db.execute("select account from private.stripe_account").fetchall()
        assert account == "acct_local/test"
    without = LocalStack(stack.settings, stack.variables | {"STRIPE": "", "STRIPE_SECRET_KEY": ""})
    assert without.run("up", check=False).returncode == 0
    assert processes_of(stack, *SERVER) == []
    assert "stripe" not in without.run("status").stdout
    with psycopg.connect(stack.env["DB_URL"], autocommit=True) as db:
        assert db.execute("select from private.stripe_account").fetchall() == []
