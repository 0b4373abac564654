"""What the dashboard's tests and pictures stand on: the page, a stack, a shop and a Stripe."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local import stripe
from local.layout import ROOT
from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.patience import PATIENCE_SECONDS

HERE = ROOT / "tests" / "dashboard"
MISSING = "Chromium is missing: apt-get install chromium"


@dataclass(frozen=True)
class Stage:
    """A running stack, and the shop that it may read."""

    stack: LocalStack
    shop: shops.Shop

    def run(self, script: str, *arguments: str, **variables: str) -> str:
        """The output of a script of this folder. A failed one is an AssertionError."""
        done = subprocess.run(
            ["node", HERE / script, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "CHROMIUM": chromium() or "",
                "DASHBOARD_URL": self.stack.env["API_URL"],
                "CLERK_URL": f"http://127.0.0.1:{self.stack.settings.clerk_port}",
                "SHOP_URL": self.shop.url("").rstrip("/"),
                # The browser gives up first, and tells what the page showed.
                "PATIENCE": str(PATIENCE_SECONDS - 60),
            }
            | variables,
        )
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout


def chromium() -> str | None:
    """The path of Debian's Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def build() -> None:
    """The page as `make up` serves it."""
    subprocess.run(["make", "--silent", "dashboard"], check=True, cwd=ROOT)


@contextmanager
def opened() -> Iterator[Stage]:
    """The stage, until the block ends."""
    fake = stripe.FakeStripe()
    remove_leftovers(ROOT / ".local")
    with shops.opened("lamp") as shop, stripe.serving(fake):
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
                yield Stage(stack, shop)
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
