"""Does collected text get out? Looks for what must not be in a finished document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

WORDS_IN_A_ROW = 8
_WORD = re.compile(r"[\w']+")
_E_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.\w{2,}\b")
_HANDLE = re.compile(r"(?<![\w/])@\w[\w.]+")


def find_leaks(
    document: object, sources: Iterable[str], *, exempt: Iterable[str] = ()
) -> list[str]:
    """What of `sources` is in the document, and what in it looks like a handle or an address.

    `exempt` are texts that may be shown: the product's name, its brand, titles of sounds.
    """
    allowed = set(runs(" ".join(exempt))) | {word.casefold() for word in exempt}
    texts = list(strings(document))
    shown = {run for text in texts for run in runs(text)}
    copied = {run for source in sources for run in runs(source)} & shown - allowed
    named = [m for text in texts for p in (_E_MAIL, _HANDLE) for m in p.findall(text)]
    return sorted(copied) + named


def runs(text: str) -> Iterator[str]:
    """Every eight words in a row, without case and punctuation."""
    words = _WORD.findall(text.casefold())
    for start in range(len(words) - WORDS_IN_A_ROW + 1):
        yield " ".join(words[start : start + WORDS_IN_A_ROW])


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from strings(inner)
