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
    """How much each part counts, and what a kind must reach. Fitted on product_kinds.csv."""

    name: float
    pieces: float  # the best one of the name's runs of words
    category: float
    trail: float  # the last two categories together
    least: float
    margin: float


WITH_CATEGORIES = Rule(0.35, 0.15, 0.3, 0.2, 0.5, 0.08)
NAME_ALONE = Rule(0.6, 0.4, 0.0, 0.0, 0.7, 0.12)
SAID_BY_NAME, SAID_BY_CATEGORY = 0.05, 0.07  # what a word of the kind adds
# How much nearer another thing is where a word in the name misleads: "2 bed flat" is no bed. What
# no kind fits need not be nearer by much where the shop has categories.
MISLED_ALONE, MISLED_BY_KIND, MISLED_BY_OTHER = 0.12, 0.05, 0.0
# How much nearer another thing may be, with the categories, than what the name alone tells.
CONTRADICTED = 0.05


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
    known, rule = prototypes(), WITH_CATEGORIES if categories else NAME_ALONE
    parts = _nearness(name, categories, vectors)
    scores = _weighed(parts, rule)
    for kind, more in ((said, SAID_BY_NAME), (filed, SAID_BY_CATEGORY)):
        if kind is not None:
            scores[known.kinds.index(kind)] += more
    nearest = known.kinds[int(np.argmax(scores))]
    if said is not None:
        nearer = scores.max() - scores[known.kinds.index(said)]
        least = MISLED_BY_KIND if nearest in KINDS else MISLED_BY_OTHER
        if nearer <= (least if categories else MISLED_ALONE):
            return said
    if _is_clear(scores, rule):
        return nearest if nearest in KINDS else None
    alone = _weighed(parts, NAME_ALONE)
    place = int(np.argmax(alone))
    is_contradicted = scores.max() - scores[place] > CONTRADICTED
    if said is not None or is_contradicted or not _is_clear(alone, NAME_ALONE):
        return None
    return known.kinds[place] if known.kinds[place] in KINDS else None


def _nearness(name: str, categories: Sequence[str], vectors: Vectors) -> list[Scores]:
    """The scores of the name, its pieces, its category and its trail, as far as there are any."""
    known, core = prototypes(), _core(name)
    filed = [categories[-1], ", ".join(categories[-2:])] if categories else []
    parts = [[core], _pieces(core), *([each[:MAX_CATEGORY_CHARACTERS]] for each in filed)]
    vectors.of([text for texts in parts for text in texts])  # all at once takes less time
    return [known.scores(texts, vectors) for texts in parts]


def _weighed(parts: Sequence[Scores], rule: Rule) -> Scores:
    weights = (rule.name, rule.pieces, rule.category, rule.trail)
    found: Scores = np.sum(
        [weight * part for weight, part in zip(weights, parts, strict=False)], axis=0
    )
    return found


def _is_clear(scores: Scores, rule: Rule) -> bool:
    """Whether the nearest is near enough, and clearly nearer than any other."""
    second, best = np.sort(scores)[-2:]
    return bool(best >= rule.least and best - second >= rule.margin)


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
    names = resource["names"]
    places = [place for place, texts in enumerate(names.values()) for _ in texts]
    return _Prototypes(
        rows / np.linalg.norm(rows, axis=1, keepdims=True), np.array(places), tuple(names)
    )


def texts_of(names: dict[str, list[str]]) -> list[str]:
    """The names of all kinds, in the order of the stored vectors."""
    return [text for texts in names.values() for text in texts]


def digest(texts: Sequence[str]) -> str:
    """The checksum by which the vectors belong to these names."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
