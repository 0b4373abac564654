"""What kind of thing a product is, by the meaning of its name and its categories.

The sentence encoder places the name among names of products of each kind, and of things that no
kind fits (kind_prototypes.toml). A kind counts if it is near enough, and clearly nearer than any
other. `make eval` measures how often it is right. Names in languages that the encoder does not read
have no kind by meaning.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from workers.insights.pack.kinds import KINDS, is_for_health, is_of_another_thing, known_kind
from workers.insights.sentiment.comments import clean
from workers.insights.sentiment.embedding import LANGUAGES, Vectors
from workers.insights.sentiment.language import UNKNOWN, detect_language
from workers.insights.vocabulary import read_resource

Scores = NDArray[np.float32]

MAX_PIECES = 24  # of a name
LONGEST_PIECE = 3  # words
MAX_CATEGORY_CHARACTERS = 120
_CODE = re.compile(r"\([^)]*\)|\S*\d\S*")
_PARTS = re.compile(r"\s[-\u2013|/·+]\s|[,;:]")


@dataclass(frozen=True, slots=True)
class Rule:
    """How much each part counts, and what a kind must reach. Fitted on half of the sheet."""

    name: float
    pieces: float  # the best one of the name's runs of words
    category: float
    trail: float  # the last two categories together
    least: float
    margin: float


WITH_CATEGORIES = Rule(0.35, 0.15, 0.3, 0.2, 0.45, 0.08)
NAME_ALONE = Rule(1.0, 0.0, 0.0, 0.0, 0.7, 0.1)
SAID_BY_NAME, SAID_BY_CATEGORY = 0.05, 0.1  # what a word of the kind adds
# How much nearer another thing is where a word in the name misleads: "2 bed flat" is no bed. What
# no kind fits need not be nearer by much where the shop has categories.
MISLED_ALONE, MISLED_BY_KIND, MISLED_BY_OTHER = 0.12, 0.07, 0.0


@dataclass(frozen=True, slots=True)
class _Prototypes:
    """`vectors` has a row for each name, `places` the place of its kind in `kinds`."""

    vectors: NDArray[np.float32]
    places: NDArray[np.intp]
    kinds: tuple[str, ...]

    def scores(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        """For each kind its name that is nearest to any of the texts."""
        nearest = (self.vectors @ vectors.of(texts).T).max(axis=1)
        found = np.full(len(self.kinds), -1.0, dtype=np.float32)
        np.maximum.at(found, self.places, nearest)
        return found


def kind_of_product(
    names: Sequence[str], categories: Sequence[str], vectors: Vectors | None = None
) -> str | None:
    """The kind that the first name tells by words or meaning, else the next.

    `names` are the user's for the product, and the page's. None if anything is for the health.
    """
    if any(map(is_for_health, (*names, *categories))):
        return None
    told = (_told(name, categories, vectors) for name in dict.fromkeys(names))
    return next(filter(None, told), None)


def _told(name: str, categories: Sequence[str], vectors: Vectors | None) -> str | None:
    said = known_kind(name)
    filed = known_kind(categories[-1]) if categories else None
    if said is None and is_of_another_thing(name):
        return None
    if not clean(name) or vectors is None or not _is_read(name, categories):
        return said or filed
    known = prototypes()
    if said is not None and said not in known.kinds:
        return said
    scores, rule = _scores(name, categories, vectors)
    for kind, more in ((said, SAID_BY_NAME), (filed, SAID_BY_CATEGORY)):
        if kind in known.kinds:
            scores[known.kinds.index(kind)] += more
    second, best = (int(place) for place in np.argsort(scores)[-2:])
    if said is not None:
        least = MISLED_BY_KIND if known.kinds[best] in KINDS else MISLED_BY_OTHER
        nearer = scores[best] - scores[known.kinds.index(said)]
        return None if nearer > (least if categories else MISLED_ALONE) else said
    is_clear = scores[best] >= rule.least and scores[best] - scores[second] >= rule.margin
    if is_clear and known.kinds[best] in KINDS:
        return known.kinds[best]
    # Of a kind without prototypes.
    return filed if filed not in known.kinds else None


def _scores(name: str, categories: Sequence[str], vectors: Vectors) -> tuple[Scores, Rule]:
    known, core = prototypes(), _core(name)
    rule = WITH_CATEGORIES if categories else NAME_ALONE
    filed = [categories[-1], ", ".join(categories[-2:])] if categories else []
    parts = [
        (rule.name, [core]),
        (rule.pieces, _pieces(core)),
        *zip(
            (rule.category, rule.trail),
            ([each[:MAX_CATEGORY_CHARACTERS]] for each in filed),
            strict=False,
        ),
    ]
    vectors.of([text for _, texts in parts for text in texts])  # all at once takes less time
    weighted = [weight * known.scores(texts, vectors) for weight, texts in parts]
    found: Scores = np.sum(weighted, axis=0)
    return found, rule


def _core(name: str) -> str:
    """The first part of a name without what has digits: "Octime" of "Octime 330 ml"."""
    shown = clean(name)
    words = _CODE.sub(" ", shown)
    return " ".join((_PARTS.split(words)[0].strip() or words).split()) or shown


def _pieces(core: str) -> list[str]:
    """The runs of one to three words: the noun stands anywhere between brand and model."""
    words = core.split()
    runs = [
        " ".join(words[start : start + length])
        for length in range(1, LONGEST_PIECE + 1)
        for start in range(len(words) - length + 1)
    ]
    return runs[:MAX_PIECES] or [core]


def _is_read(name: str, categories: Sequence[str]) -> bool:
    """Whether the encoder may read the language. One that no word tells is tried."""
    found = detect_language(" ".join((name, *categories[-2:])))
    return found == UNKNOWN or found in LANGUAGES


@cache
def prototypes() -> _Prototypes:
    """The names' vectors as stored; `tests.evaluation.kind_vectors` makes them."""
    resource = read_resource("kind_prototypes.toml")
    stored = files("workers.insights").joinpath("resources", "kind_prototypes.npz").read_bytes()
    with np.load(io.BytesIO(stored)) as file:
        if str(file["digest"]) != digest(texts_of(resource["names"])):
            raise ValueError("kind_prototypes.npz has other names: make it anew")
        rows = file["vectors"].astype(np.float32)
    names, broader = resource["names"], resource["broader"]
    kinds = [
        kind if kind in KINDS else broader.get(kind, kind)
        for kind, texts in names.items()
        for _ in texts
    ]
    order = tuple(dict.fromkeys(kinds))
    return _Prototypes(
        rows / np.linalg.norm(rows, axis=1, keepdims=True),
        np.array([order.index(kind) for kind in kinds]),
        order,
    )


def texts_of(names: dict[str, list[str]]) -> list[str]:
    """The names of all kinds, in the order of the stored vectors."""
    return [text for texts in names.values() for text in texts]


def digest(texts: Sequence[str]) -> str:
    """The checksum by which the vectors belong to these names."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
