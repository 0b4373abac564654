"""The whole stack with a shop and a Stripe, and a project with the blocks of docs/frontend.md."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.layout import ROOT
from tests.docs.page import FILES, SCRIPTS, client_of, compile_files
from tests.flow import stage as stages


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Inside the project, where Node finds its packages."""
    folder = ROOT / ".local" / f"flow-{os.getpid()}-frontend"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


class Running(stages.Stage):
    """The stage, as the page's project meets it."""

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
    with stages.opened("docs") as stage:
        yield Running(stage.stack, stage.shop)


@pytest.fixture(scope="session")
def project(running: Running, folder: Path) -> Path:
    return running.compiled(folder / "project")
