"""What may be said of a number: a sentence with a count uses words of the finding that states it.

"8 people died" has the count of "8 comments praise it", and nothing else of it. Every word of the
number's clause must be one of its source, of what the source's label means, or a word without a
meaning of its own. Negations and comparisons ("not", "more than") are in none of these lists. A
sentence that uses other words is refused, true or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from workers.insights.documents import Locale
from workers.insights.vocabulary import read_resource

_ALIKE = {"mostly good": "praise", "mostly bad": "pain", "positive": "praise", "negative": "pain"}
_DENIES = ("less", "los", "free", "frei")


def is_said(
    words: Iterable[str], known: frozenset[str], labels: frozenset[str], locale: Locale
) -> bool:
    """Whether each word is common, one of `known`, or what one of the labels means."""
    listed = _common(locale) | {
        word for label in labels for word in _meaning(label, locale).split()
    }
    return all(word in listed or any(_is_form(word, each) for each in known) for word in words)


@cache
def _words() -> Mapping[Locale, Mapping[str, str]]:
    """The words of each language: the common ones, and those of each label."""
    return read_resource("predicates.toml")  # type: ignore[return-value]


@cache
def _common(locale: Locale) -> frozenset[str]:
    return frozenset(_words()[locale]["common"].split())


def _meaning(label: str, locale: Locale) -> str:
    return _words()[locale].get(_ALIKE.get(label, label), "")


def _is_form(word: str, other: str) -> bool:
    """Whether two words are forms of one: "speak" and "speaks", "durable" and "durability"."""
    if word == other:
        return True
    pairs = zip(word, other, strict=False)
    shared = next((place for place, (a, b) in enumerate(pairs) if a != b), None)
    if shared is None:
        shared = min(len(word), len(other))
    rests = word[shared:], other[shared:]
    if any(rest.startswith(_DENIES) for rest in rests):
        return False
    return (shared >= 4 and max(map(len, rests)) <= 3) or (
        shared >= 5 and max(map(len, rests)) <= 5
    )
