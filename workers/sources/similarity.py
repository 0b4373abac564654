"""Similarity of two texts, from the words that they share."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")


def overlap(name: str, title: str) -> float:
    """The share of the name's words that the title has."""
    words, known = set(words_of(name)), set(words_of(title))
    return len(words & known) / len(words) if words else 0.0


def likeness(one: str, other: str) -> float:
    """Dice's coefficient of their words."""
    first, second = set(words_of(one)), set(words_of(other))
    return 2 * len(first & second) / max(len(first) + len(second), 1)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
