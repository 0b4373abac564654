"""What the dashboard's tests and pictures stand on: the stage, the built page, a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local.layout import ROOT
from tests.dashboard.receiver import Receiver, receiving
from tests.flow import stage as stages
from tests.patience import PATIENCE_SECONDS

HERE = ROOT / "tests" / "dashboard"
MISSING = "Chromium is missing: apt-get install chromium"


@dataclass(frozen=True)
class Stage(stages.Stage):
    """The stage, and a server that webhooks are posted to."""

    receiver: Receiver

    @property
    def variables(self) -> dict[str, str]:
        """What the browser must know."""
        return {
            "CHROMIUM": chromium() or "",
            "DASHBOARD_URL": self.stack.env["API_URL"],
            "CLERK_URL": self.clerk_url,
            "SHOP_URL": self.shop.url("").rstrip("/"),
            "RECEIVER_URL": self.receiver.url,
        }

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
                # The browser gives up first, and tells what the page showed.
                "PATIENCE": str(PATIENCE_SECONDS - 60),
            }
            | self.variables
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
    with receiving() as receiver, stages.opened("dashboard", receiver.address) as stage:
        yield Stage(stage.stack, stage.shop, receiver)
