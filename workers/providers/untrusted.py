"""Text that strangers wrote, made fit to be data for a language model: plain, short, and few."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

MAX_CHARACTERS = 300  # of one comment: opinions are short, planted instructions are long

# Cc control, Cf invisible and bidi formatting, Co private use, Cs half a surrogate pair.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})


def as_line(text: str, limit: int = MAX_CHARACTERS) -> str:
    """One visible line: what a person would not see, a model must not read."""
    seen = (" " if char.isspace() else char for char in text if _is_seen(char))
    return " ".join("".join(seen).split())[:limit]


def as_data(items: Mapping[str, str]) -> str:
    """The lines as JSON objects with ids: a text can't end its own string."""
    lines = [{"id": name, "text": as_line(text)} for name, text in items.items()]
    return json.dumps({"items": lines}, ensure_ascii=False)


def _is_seen(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _UNSEEN
