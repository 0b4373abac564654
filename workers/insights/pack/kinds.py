"""What kind of thing a product is, by its name: its noun, its shots, and what to search for."""

from __future__ import annotations

import re

from workers.insights.pack.words import Words
from workers.insights.vocabulary import read_resource

_KINDS = {
    kind: re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
    for kind, words in read_resource("product_kinds.toml").items()
}


def kind_of(name: str) -> str | None:
    """The first kind with a word in the name; None for what the resource lacks."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(name)), None)


def names_kind(name: str, kind: str) -> bool:
    """Whether a name says no more than what kind of thing it is."""
    return bool(_KINDS[kind].search(name))


def shot(words: Words, kind: str | None, name: str, general: str, /, **fields: object) -> str:
    """The shot of this kind of product, or else the general text `general`."""
    key = f"kind_shots.{kind}.{name}"
    return words.say(key if words.knows(key) else general, **fields)
