"""Runs the commands of a documentation page as they stand there: ```sh NAME opens each."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local import postgres
from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT

BACKUP = ROOT / "docs" / "backup.md"
_STEP = re.compile(r"^```sh (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: Path = BACKUP) -> dict[str, str]:
    """The named commands of the page, in their order."""
    return dict(_STEP.findall(page.read_text()))


def system_user() -> str | None:
    """Who owns a server's files: another one if this process is root."""
    return postgres.SYSTEM_USER if os.geteuid() == 0 else None


def own(folder: Path) -> Path:
    """A new folder that the server's user may write to."""
    folder.mkdir(mode=0o700)
    if user := system_user():
        postgres._give_to(user, folder)
    return folder


def run(name: str, variables: Mapping[str, str], page: Path = BACKUP) -> str:
    """Runs one step as the server's user; what it printed. Raises RuntimeError with its errors."""
    given = {"HOME": "/", "PATH": f"{postgres.BIN_DIR}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", steps(page)[name]],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd="/",
        env=given | dict(variables),
        user=system_user(),
    )
    if done.returncode:
        raise RuntimeError(f"step {name} of {page.name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
