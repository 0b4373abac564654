"""The whole stack with a shop and a Stripe, and a project with the blocks of docs/frontend.md."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from local import stripe
from local.layout import ROOT
from tests.docs.page import FILES, SCRIPTS, client_of, compile_files
from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Inside the project, where Node finds its packages."""
    folder = ROOT / ".local" / f"flow-{os.getpid()}-frontend"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


class Running(NamedTuple):
    """The stack and the shop that its products are of."""

    stack: LocalStack
    shop: shops.Shop

    def compiled(self, folder: Path) -> Path:
        """The page's project with the stack's addresses."""
        settings = FILES["settings.ts"]
        for ours, theirs in (
            ("http://127.0.0.1:54321", self.stack.env["API_URL"]),
            ("ANON_KEY", self.stack.env["ANON_KEY"]),
        ):
            assert f"'{ours}'" in settings
            settings = settings.replace(f"'{ours}'", f"'{theirs}'")
        clerk = FILES["dev.js"].replace("http://127.0.0.1:54328", self.clerk_url)
        assert clerk != FILES["dev.js"]
        result = compile_files(folder, SCRIPTS | {"settings.ts": settings, "dev.js": clerk})
        assert result.returncode == 0, result.stdout
        return folder

    @property
    def clerk_url(self) -> str:
        return f"http://127.0.0.1:{self.stack.settings.clerk_port}"

    def variables(self, project: Path) -> dict[str, str]:
        """The environment of whatever runs against it."""
        return {
            "PATH": os.environ["PATH"],
            "COMPILED": str(project / "out"),
            "CLIENT": str(client_of(project)),
            "API_URL": self.stack.env["API_URL"],
            "ANON_KEY": self.stack.env["ANON_KEY"],
            "CLERK_URL": self.clerk_url,
            "PRODUCT_URL": self.shop.url("/lamp"),
            "SLOW_URL": self.shop.url("/slow"),
        }


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    fake = stripe.FakeStripe()
    with shops.opened("lamp") as shop, stripe.serving(fake):
        fake.price("creator_monthly")
        fake.price("agency_monthly")
        stack = configured(
            ROOT / ".local" / f"flow-{os.getpid()}-docs",
            FETCH_ALLOW=f"127.0.0.1:{shop.server_port}",
            STRIPE_SECRET_KEY="sk_test_docs",
            STRIPE_API_BASE=fake.base,
            STRIPE_WEBHOOK_SECRETS=stripe.SECRET,
        )
        try:
            started = stack.run("up", check=False)
            assert started.returncode == 0, started.stderr
            with paying(fake):
                yield Running(stack, shop)
        finally:
            stack.stop()


@pytest.fixture(scope="session")
def project(running: Running, folder: Path) -> Path:
    return running.compiled(folder / "project")


@contextmanager
def paying(fake: stripe.FakeStripe) -> Iterator[None]:
    """Somebody pays as soon as there is a checkout page."""
    done = threading.Event()

    def pay() -> None:
        while not done.wait(0.05):
            for checkout in fake.of("checkout.session", status="open")[:1]:
                fake.pay(checkout["id"])
                return

    thread = threading.Thread(target=pay)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
