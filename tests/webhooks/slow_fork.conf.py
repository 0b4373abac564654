"""The edge's settings, but its second worker waits before it has signal handlers of its own."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from tests.patience import wait_until

globals().update(runpy.run_path("webhooks/gunicorn.conf.py"))
_FOLDER = Path(os.environ["SLOW_FORK_FOLDER"])


def post_fork(_server: Any, worker: Any) -> None:
    """Says that the worker is there, then leaves a test the time to stop the master."""
    if worker.age == 2:
        (_FOLDER / "forked").touch()
        wait_until((_FOLDER / "told").exists)


def worker_exit(_server: Any, worker: Any) -> None:
    """Runs in a worker that ends by itself; one that is killed runs nothing."""
    (_FOLDER / f"ended-{worker.age}").touch()
