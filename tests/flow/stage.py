"""A stack with a shop and a Stripe that is paid: for the tests of the dashboard and the guide."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local import stripe
from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.server import home


@dataclass(frozen=True)
class Stage:
    """A running stack, and the shop that it may read."""

    stack: LocalStack
    shop: shops.Shop

    @property
    def clerk_url(self) -> str:
        return self.stack.env["CLERK_URL"]


@contextmanager
def opened(name: str, *allowed: str) -> Iterator[Stage]:
    """The stage, until the block ends. Its workers may also reach the `allowed` hosts and ports."""
    fake = stripe.FakeStripe()
    remove_leftovers()
    with shops.opened("lamp") as shop, stripe.serving(fake):
        fake.offer()
        stack = configured(
            home() / f"flow-{os.getpid()}-{name}",
            FETCH_ALLOW=",".join((f"127.0.0.1:{shop.server_port}", *allowed)),
            STRIPE_SECRET_KEY=f"sk_test_{name}",
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
