"""Aspects, questions and purchase intent by example sentences and by words, in several languages.

Two witnesses must agree. One is the nearest of some example sentences in the embedding's space,
where the same thing said in two languages is close. The other is a word of the aspect. Alone each
errs: the nearest example of "got nothing" is "nothing leaks", and "where are you" has "where".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workers.insights.multilingual.embedding import embed

Vectors = NDArray[np.float32]
Kind = Literal["praise", "pain", "question"]

INTENT, QUESTION, ELSEWHERE = "intent", "question", "elsewhere"
# Share of right hits among those read by hand: `tests/evaluation/aspect_precision.csv`. A hit is
# right if the clause speaks of this aspect of something discussed. Aspects with fewer than 50 hits
# in the sets are missing: nobody knows. Nine of ten hits of "service" are of airlines.
PRECISION = {
    "availability": 0.296,
    "battery": 0.815,
    "delivery": 0.611,
    "durability": 0.407,
    "ease": 0.611,
    "effect": 0.556,
    "look": 0.444,
    "picture": 0.481,
    "price": 0.85,
    "question": 0.796,
    "service": 1.0,
    "size": 0.519,
    "sound": 0.815,
    "taste": 0.815,
}
FIT = 0.8  # least precision of an aspect that a claim may rest on
THRESHOLDS = {"ease": 0.45, "effect": 0.45, "picture": 0.45, "price": 0.45, "question": 0.45}
THRESHOLDS |= {"service": 0.5, "delivery": 0.34, "durability": 0.34}
THRESHOLD = 0.4  # least cosine of the nearest example
MARGIN = -0.02  # by which it must be nearer than what is said of anything else


@dataclass(frozen=True, slots=True)
class Hit:
    """`aspect` is `INTENT` or `QUESTION` for clauses of no aspect; `kind` is an example's."""

    aspect: str
    kind: str
    similarity: float


@dataclass(frozen=True, slots=True)
class _Examples:
    """One row of `vectors` for each of `labels`; `words` by aspect, none for questions."""

    vectors: Vectors
    labels: list[tuple[str, str]]
    words: dict[str, re.Pattern[str]]


def carries_claims(aspect: str) -> bool:
    """Whether hits of the aspect are right often enough for a statement to the user."""
    return PRECISION.get(aspect, 0.0) >= FIT


def find(clauses: Sequence[str]) -> list[Hit | None]:
    """The nearest aspect of each clause, or None."""
    return find_in(embed(clauses), clauses)


def find_in(vectors: Vectors, clauses: Sequence[str]) -> list[Hit | None]:
    """The same with the vectors of the clauses at hand."""
    if not clauses:
        return []
    similar = vectors @ _examples().vectors.T
    return [_nearest(row, clause) for row, clause in zip(similar, clauses, strict=True)]


def _nearest(similar: Vectors, clause: str) -> Hit | None:
    examples = _examples()
    possible = {name for name, words in examples.words.items() if words.search(clause)}
    if "?" in clause:
        possible.add(QUESTION)
    if not possible:
        return None
    beside, best = -1.0, Hit("", "", -1.0)
    for (aspect, kind), similarity in zip(examples.labels, similar.tolist(), strict=True):
        if aspect == ELSEWHERE:
            beside = max(beside, similarity)
        elif aspect in possible and similarity > best.similarity:
            best = Hit(aspect, kind, similarity)
    is_near = best.similarity >= THRESHOLDS.get(best.aspect, THRESHOLD)
    return best if is_near and best.similarity >= beside + MARGIN else None


@cache
def _examples() -> _Examples:
    file = files("workers.insights").joinpath("resources", "prototypes.toml")
    raw: dict[str, dict[str, list[str]]] = tomllib.loads(file.read_text("utf-8"))
    words = {
        aspect: re.compile(rf"\b(?:{'|'.join(kinds.pop('words'))})\b", re.IGNORECASE)
        for aspect, kinds in raw.items()
        if "words" in kinds
    }
    rows = [
        (sentence, (aspect, kind))
        for aspect, kinds in raw.items()
        for kind, sentences in kinds.items()
        for sentence in sentences
    ]
    vectors = embed([sentence for sentence, _ in rows])
    return _Examples(vectors, [label for _, label in rows], words)
