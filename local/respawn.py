"""`python -m local.respawn COMMAND…`: runs a command again whenever it ends, until SIGTERM.

honcho ends the whole stack when one process exits. This process restarts its command instead, as
a supervisor in production does.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType

_PAUSE_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 15.0
_HEALTHY_SECONDS = 10.0


class Stopped(BaseException):
    """SIGTERM or SIGINT arrived."""


def main(command: list[str]) -> int:
    """Entry point; returns the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _raise_stopped)
    pause_seconds = _PAUSE_SECONDS
    try:
        while True:
            started = time.monotonic()
            status = _run(command)
            if time.monotonic() - started > _HEALTHY_SECONDS:
                pause_seconds = _PAUSE_SECONDS
            print(f"ended with status {status}, again in {pause_seconds:.0f} s", flush=True)
            time.sleep(pause_seconds)
            pause_seconds = min(_MAX_PAUSE_SECONDS, pause_seconds * 2)
    except Stopped:
        return 0


def _run(command: list[str]) -> int:
    child = subprocess.Popen(command)
    try:
        return child.wait()
    except Stopped:
        # honcho signals the whole group. A second signal must not interrupt the wait.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        child.terminate()
        child.wait()
        raise


def _raise_stopped(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
