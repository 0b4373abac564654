"""How alike two texts are, told from the words that they share."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")


def overlap(name: str, title: str) -> float:
    """Share of the name's words that the title has too."""
    words, known = set(words_of(name)), set(words_of(title))
    return len(words & known) / len(words) if words else 0.0


def likeness(one: str, other: str) -> float:
    """Dice's coefficient of their words: a full match beats a single word that matches."""
    first, second = set(words_of(one)), set(words_of(other))
    return 2 * len(first & second) / max(len(first) + len(second), 1)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
