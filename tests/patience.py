"""How long a test waits for what must come. Only a test that hangs is ended by it.

A machine that is busy otherwise takes thirty times as long as an idle one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 900
# The same for servers: gunicorn ends workers that take long to start or to stop.
GUNICORN = {
    "GUNICORN_CMD_ARGS": f"--timeout={PATIENCE_SECONDS} --graceful-timeout={PATIENCE_SECONDS} "
    f"--keep-alive={PATIENCE_SECONDS}"
}


def wait_until(condition: Callable[[], object], every_seconds: float = 0.1) -> None:
    """Looks again and again. RuntimeError if it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("what was waited for did not come")
        time.sleep(every_seconds)
