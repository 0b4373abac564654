"""What kind of thing a product is, by its name: its noun, its shots, and what to search for."""

from __future__ import annotations

import re

from workers.insights.pack.words import Words
from workers.insights.sentiment.comments import clean
from workers.insights.vocabulary import read_resource, whole_words

_RAW = read_resource("kind_tests.toml")
_NOT_THE_THING, _FOR_HEALTH = (
    whole_words(_RAW.pop(group)["words"]) for group in ("not_the_thing", "for_health")
)
_TESTS = {kind: whole_words(words) for kind, words in _RAW.items()}
KINDS = frozenset(_TESTS)  # those with a test
# Behind these a name says what a thing is for or what comes with it.
_BEHIND = re.compile(
    r"(?<=\w)\s(?:for|with|without|für|mit|ohne|pour|avec|sans|para|con|com|sin|sem|per|incl)\b(?!\s\d)",
    re.IGNORECASE,
)
# "Protetor de colchão" is no mattress, "set de cuchillos" are knives.
_OF = re.compile(
    r"([^\W\d_]+)\s(?:de|da|do|di|du|des|del|à|aux|of)\s(?:la |el |los |les )?$", re.IGNORECASE
)
_PARTS = re.compile(r"\s[-\u2013|/·+]\s|[,;:(\[]")
# "Puzzle-Matte" is no puzzle, "Messer-Set" are knives.
_JOINED = re.compile(r"-(?!(?:sets?|kits?)\b)[^\W\d_]", re.IGNORECASE)
_SETS = frozenset({
    "set", "sets", "kit", "kits", "lot", "lots", "pack", "par", "pares", "paire", "paires", "pair",
    "pairs", "juego", "juegos", "jogo", "jogos", "conjunto", "conjuntos", "piezas", "pièces",
})  # fmt: skip
_KINDS = {kind: whole_words(words) for kind, words in read_resource("product_kinds.toml").items()}


def kind_of(name: str) -> str | None:
    """The first kind with a word in the name; None for what the resource lacks."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(name)), None)


def spoken_kind(name: str, told: str | None) -> str | None:
    """The kind that texts name: by the name's words, else the one told otherwise."""
    return kind_of(name) or (told if told in _KINDS else None)


def known_kind(name: str) -> str | None:
    """The kind by which a product can be tested. None for a name that leaves any doubt.

    A name with words of two kinds, of an accessory or of something for the health is of none.
    """
    shown = clean(name)
    if is_for_health(name):
        return None
    end = _end_of_thing(shown)
    found = [
        (kind, match.span())
        for kind, pattern in _TESTS.items()
        for match in pattern.finditer(shown)
        if match.start() < end
        and not _is_of_another(shown[: match.start()])
        and not _JOINED.match(shown, match.end())
    ]
    # The first part of a name says what it is, if any does.
    parted = _PARTS.search(shown)
    first = parted.start() if parted is not None else len(shown)
    found = [each for each in found if each[1][0] < first] or found
    whole = [
        (kind, span)
        for kind, span in found
        if not any(_is_within(span, other) for _, other in found)
    ]
    kinds = {kind for kind, _ in whole}
    other = any(
        match.start() < end
        and not any(match.group().lower() in shown[slice(*span)].lower() for _, span in whole)
        for match in _NOT_THE_THING.finditer(shown)
    )
    return kinds.pop() if len(kinds) == 1 and not other else None


def is_for_health(name: str) -> bool:
    """Whether a name or a category has a word of what is worn for the health."""
    return _FOR_HEALTH.search(clean(name)) is not None


def is_of_another_thing(name: str) -> bool:
    """Whether a name has a word of an accessory or a part, before what comes with it."""
    shown = clean(name)
    return _NOT_THE_THING.search(shown, 0, _end_of_thing(shown)) is not None


def _end_of_thing(shown: str) -> int:
    """Where a name ends to say what a thing is: before what it is for or what comes with it."""
    behind = _BEHIND.search(shown)
    return behind.start() if behind is not None else len(shown)


def _is_of_another(before: str) -> bool:
    """Whether the words before make what follows a part or a use of something else."""
    found = _OF.search(before)
    return found is not None and found.group(1).lower() not in _SETS


def _is_within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    """Whether it stands inside a longer one."""
    return inner != outer and outer[0] <= inner[0] and inner[1] <= outer[1]


def names_kind(name: str, kind: str) -> bool:
    """Whether a name says no more than what kind of thing it is."""
    return bool(_KINDS[kind].search(name))


def shot(words: Words, kind: str | None, name: str, general: str, /, **fields: object) -> str:
    """The shot of this kind of product, or else the general text `general`."""
    key = f"kind_shots.{kind}.{name}"
    return words.say(key if words.knows(key) else general, **fields)
