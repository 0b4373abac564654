"""A net under the proxy's real limits: fixed windows, counted per process, bounded in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import current_app, g, request

from webhooks.problems import Problem

_WINDOW_SECONDS = 60
_MAX_ENTRIES = 50_000


class Windows:
    """How often each (rule, subject) came in the current minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0
        self._counts: dict[tuple[str, str], int] = {}

    def hit(self, rule: str, subject: str) -> int:
        """Counts one more and returns how many there were in this window."""
        with self._lock:
            window = int(self._clock()) // _WINDOW_SECONDS
            # Dropping all counts early under a flood of subjects is lenient, never unbounded.
            if window != self._window or len(self._counts) >= _MAX_ENTRIES:
                self._window, self._counts = window, {}
            count = self._counts.get((rule, subject), 0) + 1
            self._counts[(rule, subject)] = count
            return count

    def seconds_left(self) -> int:
        return _WINDOW_SECONDS - int(self._clock()) % _WINDOW_SECONDS


def limit(rule: str, subject: str, *, per_minute: int) -> None:
    """Answers 429 once a subject is over `per_minute`; never used on signed webhooks."""
    if _windows().hit(rule, subject) > per_minute:
        raise _too_many()


def count_refusal() -> None:
    """Refused tokens per address. Only refusals are held back: somebody who sends good tokens

    from the same office is not locked out by the one who doesn't.
    """
    settings = current_app.extensions["edge"].settings
    if _windows().hit("refusal", request.remote_addr or "") > settings.refusals_per_minute:
        g.is_flood = True  # the access line is left out, too
        raise _too_many()


def _windows() -> Windows:
    windows: Windows = current_app.extensions["rate_limits"]
    return windows


def _too_many() -> Problem:
    return Problem(
        429,
        "rate_limited",
        "Too many requests. Please wait a moment.",
        headers={"Retry-After": str(_windows().seconds_left())},
    )
