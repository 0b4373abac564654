"""What a process keeps of its callers: counts of a minute, known API keys. Memory is bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_WINDOW_SECONDS = 60
_MAX_ENTRIES = 50_000
_MAX_KEYS = 10_000


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

    def count(self, rule: str, subject: str) -> int:
        """The count of this window, unchanged."""
        with self._lock:
            is_current = int(self._clock()) // _WINDOW_SECONDS == self._window
            return self._counts.get((rule, subject), 0) if is_current else 0

    def seconds_left(self) -> int:
        return _WINDOW_SECONDS - int(self._clock()) % _WINDOW_SECONDS


class KnownKeys:
    """Hashes of the latest 10,000 API keys that were good at their last look-up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hashes: dict[bytes, None] = {}

    def __contains__(self, key_hash: bytes) -> bool:
        return key_hash in self._hashes

    def note(self, key_hash: bytes, *, is_good: bool) -> None:
        with self._lock:
            self._hashes.pop(key_hash, None)
            if is_good:
                self._hashes[key_hash] = None
            if len(self._hashes) > _MAX_KEYS:
                del self._hashes[next(iter(self._hashes))]
