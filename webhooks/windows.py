"""Fixed windows of a minute: counts per process, bounded in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

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
        """Counts one more and returns the count of this window."""
        with self._lock:
            window = int(self._clock()) // _WINDOW_SECONDS
            # A flood of subjects empties all counts early: some pass, memory stays bounded.
            if window != self._window or len(self._counts) >= _MAX_ENTRIES:
                self._window, self._counts = window, {}
            count = self._counts.get((rule, subject), 0) + 1
            self._counts[(rule, subject)] = count
            return count

    def seconds_left(self) -> int:
        return _WINDOW_SECONDS - int(self._clock()) % _WINDOW_SECONDS
