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

BLOCK = 512  # names
MAX_PIECES = 24  # of a name
LONGEST_PIECE = 3  # words
MAX_CATEGORY_CHARACTERS = 120
MAX_CATEGORIES = 6  # above the last one
_CODE = re.compile(r"\([^)]*\)|\S*\d\S*")
_PARTS = re.compile(r"\s[-\u2013|/·+]\s|[,;:]")


@dataclass(frozen=True, slots=True)
class Rule:
    """How much each part counts, and what a kind must reach.

    Fitted on product_kinds.csv; what must be reached, on every second row of another sheet.
    """

    name: float
    pieces: float  # the best one of the name's runs of words
    category: float
    trail: float  # the last two categories together
    least: float
    margin: float


WITH_CATEGORIES = Rule(0.35, 0.15, 0.3, 0.2, 0.55, 0.12)
NAME_ALONE = Rule(0.7, 0.3, 0.0, 0.0, 0.75, 0.15)
SAID_BY_NAME, SAID_BY_CATEGORY = 0.03, 0.05  # what a word of the kind adds
# How much nearer another thing is where a word in the name misleads: "2 bed flat" is no bed. What
# no kind fits need not be nearer by much where the shop has categories.
MISLED_ALONE, MISLED_BY_KIND, MISLED_BY_OTHER = 0.12, 0.05, 0.0
# How much nearer another thing may be, with the categories, than what the name alone tells.
CONTRADICTED = 0.05
FOR_PETS = 0.7  # how near a category is to things for pets: a bed among those for dogs is no bed


@dataclass(frozen=True, slots=True)
class _Prototypes:
    """`vectors` has a row for each name, those of `kinds[n]` from `starts[n]` on."""

    vectors: NDArray[np.int8]
    starts: NDArray[np.intp]
    kinds: tuple[str, ...]
    broader: dict[str, str]  # a blender's is appliance

    def scores(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        """For each kind, a column for each text: how near the nearest name is."""
        columns = vectors.of(texts).T
        near = np.empty((len(self.vectors), columns.shape[1]), dtype=np.float32)
        # As floats they would take 12 MB at once.
        for start in range(0, len(near), BLOCK):
            rows = self.vectors[start : start + BLOCK].astype(np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            near[start : start + BLOCK] = rows @ columns
        found: Scores = np.maximum.reduceat(near, self.starts, axis=0)
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
    parts, is_for_pets = _nearness(name, categories, vectors)
    scores = _weighed(parts, rule)
    for kind, more in ((said, SAID_BY_NAME), (filed, SAID_BY_CATEGORY)):
        if kind is not None:
            scores[known.kinds.index(kind)] += more
    if is_for_pets and known.kinds[int(scores.argmax())] != "pet":
        return None
    if said is not None and not _is_misled(said, scores, has_categories=bool(categories)):
        return said
    found = _clear(scores, rule)
    if found is None and said is None:
        found = _clear(_weighed(parts, NAME_ALONE), NAME_ALONE)
        if found is not None and _lead(scores, found) > CONTRADICTED:
            return None
    return found if found in KINDS else None


def _nearness(name: str, categories: Sequence[str], vectors: Vectors) -> tuple[list[Scores], bool]:
    """The scores of the name, its pieces, its category and its trail, as far as there are any.

    And whether a category above the last one is of things for pets.
    """
    core = _core(name)
    pieces = _pieces(core)
    filed = [categories[-1], ", ".join(categories[-2:])] if categories else []
    above = categories[:-1][-MAX_CATEGORIES:]
    shown = [each[:MAX_CATEGORY_CHARACTERS] for each in (*filed, *above)]
    # All at once takes less time.
    scores = prototypes().scores([core, *pieces, *shown], vectors)
    behind = 1 + len(pieces)
    ends = behind + len(filed)
    parts = [scores[:, 0], scores[:, 1:behind].max(axis=1), *scores[:, behind:ends].T]
    pets = prototypes().kinds.index("pet")
    is_for_pets = any(each[pets] >= FOR_PETS and each.argmax() == pets for each in scores.T[ends:])
    return parts, is_for_pets


def _weighed(parts: Sequence[Scores], rule: Rule) -> Scores:
    weights = (rule.name, rule.pieces, rule.category, rule.trail)
    found: Scores = np.sum(
        [weight * part for weight, part in zip(weights, parts, strict=False)], axis=0
    )
    return found


def _lead(scores: Scores, kind: str) -> float:
    """How much nearer the nearest is than this kind."""
    return float(scores.max() - scores[prototypes().kinds.index(kind)])


def _is_misled(said: str, scores: Scores, *, has_categories: bool) -> bool:
    """Whether another thing is so near that the word in the name misleads."""
    nearest = prototypes().kinds[int(scores.argmax())]
    most = MISLED_BY_KIND if nearest in KINDS else MISLED_BY_OTHER
    return _lead(scores, said) > (most if has_categories else MISLED_ALONE)


def _clear(scores: Scores, rule: Rule) -> str | None:
    """The nearest if it is near enough, and clearly nearer than any but its broader kind."""
    known = prototypes()
    best, *others = (int(place) for place in np.argsort(scores)[::-1][:3])
    broader = known.broader.get(known.kinds[best])
    rival = max(scores[place] for place in others if known.kinds[place] != broader)
    is_clear = scores[best] >= rule.least and scores[best] - rival >= rule.margin
    return known.kinds[best] if is_clear else None


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
        rows = file["vectors"]
    names = resource["names"]
    ends = np.cumsum([len(texts) for texts in names.values()])
    return _Prototypes(
        rows,
        np.concatenate(([0], ends[:-1])),
        tuple(names),
        resource["broader"],
    )


def texts_of(names: dict[str, list[str]]) -> list[str]:
    """The names of all kinds, in the order of the stored vectors."""
    return [text for texts in names.values() for text in texts]


def digest(texts: Sequence[str]) -> str:
    """The checksum by which the vectors belong to these names."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
