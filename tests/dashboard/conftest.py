"""One stack for all tests of the dashboard, with the built page, a shop and a Stripe on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local import stripe
from local.layout import ROOT
from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.patience import PATIENCE_SECONDS

Run = Callable[..., dict[str, Any]]
HERE = ROOT / "tests" / "dashboard"


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and not os.environ.get("CI"):
        pytest.skip("Chromium is missing: apt-get install chromium")
    assert path is not None, "Chromium is missing: apt-get install chromium"
    return path


@pytest.fixture(scope="session")
def built() -> None:
    """The page as `make up` serves it."""
    done = subprocess.run(
        ["make", "dashboard"], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def shop() -> Iterator[shops.Shop]:
    with shops.opened("lamp") as shop:
        yield shop


@pytest.fixture(scope="session")
def stack(built: None, shop: shops.Shop) -> Iterator[LocalStack]:
    fake = stripe.FakeStripe()
    remove_leftovers(ROOT / ".local")
    with stripe.serving(fake):
        fake.price("creator_monthly")
        fake.price("agency_monthly")
        stack = configured(
            ROOT / ".local" / f"flow-{os.getpid()}-dashboard",
            FETCH_ALLOW=f"127.0.0.1:{shop.server_port}",
            STRIPE_SECRET_KEY="sk_test_dashboard",
            STRIPE_API_BASE=fake.base,
            STRIPE_WEBHOOK_SECRETS=stripe.SECRET,
        )
        try:
            started = stack.run("up", check=False)
            assert started.returncode == 0, started.stderr
            with _paying(fake):
                yield stack
        finally:
            stack.stop()


@contextmanager
def _paying(fake: stripe.FakeStripe) -> Iterator[None]:
    """Somebody pays as soon as there is a checkout page."""
    done = threading.Event()

    def pay() -> None:
        while not done.wait(0.05):
            for checkout in fake.of("checkout.session", status="open"):
                fake.pay(checkout["id"])

    thread = threading.Thread(target=pay)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.fixture(scope="session")
def run(chromium: str, stack: LocalStack, shop: shops.Shop) -> Run:
    """Runs a scenario as a person of its own, and returns what it found."""

    def run(scenario: str, name: str | None = None) -> dict[str, Any]:
        done = subprocess.run(
            ["node", HERE / "run.mjs", scenario],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "CHROMIUM": chromium,
                "DASHBOARD_URL": stack.env["API_URL"],
                "CLERK_URL": f"http://127.0.0.1:{stack.settings.clerk_port}",
                "SHOP_URL": shop.url("").rstrip("/"),
                "NAME": name or scenario,
                "PATIENCE": str(PATIENCE_SECONDS),
            },
        )
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return run
