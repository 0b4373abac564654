"""Aspects, questions and purchase intent by example sentences and by words, in several languages.

A clause speaks of an aspect if two tests agree: its vector is near an example sentence of the
aspect, and it has a word of the aspect. Sentences of the same meaning have close vectors in all its
languages. One test alone errs: the nearest example of "got nothing" is "nothing leaks", and "where
are you" has "where".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from workers.insights.sentiment.embedding import embed

Vectors = NDArray[np.float32]

INTENT, QUESTION, ELSEWHERE = "intent", "question", "elsewhere"
# Share of right hits among those read by hand: `tests/evaluation/aspect_precision.csv`. A hit is
# right if the clause speaks of this aspect of something discussed. Aspects with fewer than 50 hits
# in the sets are missing: nobody measured them. Nine of ten hits of "service" are of airlines.
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
# The same of the phrases of reviews.toml, which say praise or complaint, too: a hit is right if the
# review says it of the product. `tests/evaluation/review_precision.csv` has the hits. "look" and
# "size" have fewer than 50.
REVIEW_PRECISION = {"ease": 0.912, "effect": 0.912, "price": 0.96, "quality": 0.922}
CLAIM_PRECISION = 0.8  # least precision of an aspect that a claim may rest on
THRESHOLDS = {"ease": 0.45, "effect": 0.45, "picture": 0.45, "price": 0.45, "question": 0.45}
THRESHOLDS |= {"service": 0.5, "delivery": 0.34, "durability": 0.34}
THRESHOLD = 0.4  # least cosine of the nearest example
MARGIN = 0.02  # how much nearer than it an example of `ELSEWHERE` may be

# Words by which a clause speaks of the product: a pronoun, or an article before the aspect.
_IT = re.compile(
    r"\b(?:it|its|it's|this|that|these|those|they|them|mine|ones?|est[aeo]s?|es[aeo]s?|ist[ao]"
    r"|iss[ao]|ça|ca|cela|c'est|celui|celle|das|dies\w*|quest[ao]|quell[ao]|dit|dat|deze|bu|bunu)\b",
    re.IGNORECASE,
)
_OF_THE_VIDEO = re.compile(
    r"\b(?:this|that|these|those) (?:\w+ )?(?:videos?|vid|songs?|music|channel|movie|film|show|clip"
    r"|guy|girl|man|woman|dude|person|voice|beat|episode|tutorial|content|account|comment)\b",
    re.IGNORECASE,
)
_OWNER = r"\b(?:my|your|ur|his|her|our|their|\w+['\u2019]s)\s+(?:\w+\s+){0,2}"
_ENGLISH_ARTICLE = r"\b(?:the|its)\s+(?:\w+\s+){0,2}"
_ARTICLE = (
    r"\b(?:the|its|el|la|los|las|su|o|a|os|as|seu|sua|le|les|un|une|sa|der|die|das|den|il|lo|de|het)"
    r"\s+(?:\w+\s+){0,2}"
)
_OF_ANOTHER = r"(?!\s+of\s+(?!it\b|this\b|that\b|the\b))"
_SUBJECTLESS = re.compile(
    r"^\W*(?:so |really |also |and |just )*(?:tastes?|sounds|costs|charges|works|leaks|smells|looks"
    r"|lasts|broke|arrived|sabe|cuesta|custa|coûte|kostet|costa|schmeckt|riecht|klingt)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hit:
    """The nearest example's aspect and kind. `INTENT` and `QUESTION` stand in for an aspect."""

    aspect: str
    kind: str
    similarity: float


@dataclass(frozen=True, slots=True)
class _Examples:
    """`vectors` has a row for each of `labels` (aspect, kind). `words` has a pattern per aspect."""

    vectors: Vectors
    labels: list[tuple[str, str]]
    words: dict[str, re.Pattern[str]]


def carries_claims(aspect: str, *, only_reviews: bool = False) -> bool:
    """Whether hits of the aspect are right often enough to base a claim on them.

    Reviews speak of their product. Comments speak of other things, too.
    """
    known = PRECISION | REVIEW_PRECISION if only_reviews else PRECISION
    return known.get(aspect, 0.0) >= CLAIM_PRECISION


def may_hit(clause: str) -> bool:
    """Whether a clause has a word of an aspect, or a question mark. Others need no vector."""
    return bool(_possible(clause))


def speaks_of_product(
    clause: str, aspect: str, product: re.Pattern[str] | None, *, is_english: bool
) -> bool:
    """Whether a clause about `aspect` speaks of the product. `product` matches words of its name.

    It does with such a word, a pronoun, an article before the aspect, or a verb without subject.
    """
    words = _examples().words[aspect].pattern
    if re.search(_OWNER + words, clause, re.IGNORECASE) or _OF_THE_VIDEO.search(clause):
        return False
    article = _ENGLISH_ARTICLE if is_english else _ARTICLE
    return bool(
        (product and product.search(clause))
        or _IT.search(clause)
        or re.search(article + words + _OF_ANOTHER, clause, re.IGNORECASE)
        or _SUBJECTLESS.search(clause)
    )


def wants_to_buy(hit: Hit, clause: str) -> bool:
    """Whether somebody bought, wants to buy, or asks where to."""
    is_asked = hit.aspect == "availability" and hit.kind == "question"
    return hit.aspect == INTENT or (is_asked and bool(_examples().words[INTENT].search(clause)))


def find(clauses: Sequence[str]) -> list[Hit | None]:
    """The nearest aspect of each clause, or None."""
    return find_in(embed(clauses), clauses)


def find_in(vectors: Vectors, clauses: Sequence[str]) -> list[Hit | None]:
    """The same for clauses whose vectors are known."""
    if not clauses:
        return []
    similar = vectors @ _examples().vectors.T
    return [_nearest(row, clause) for row, clause in zip(similar, clauses, strict=True)]


def _nearest(similar: Vectors, clause: str) -> Hit | None:
    examples, possible = _examples(), _possible(clause)
    if not possible:
        return None
    elsewhere, best = -1.0, Hit("", "", -1.0)
    for (aspect, kind), similarity in zip(examples.labels, similar.tolist(), strict=True):
        if aspect == ELSEWHERE:
            elsewhere = max(elsewhere, similarity)
        elif aspect in possible and similarity > best.similarity:
            best = Hit(aspect, kind, similarity)
    is_near = best.similarity >= THRESHOLDS.get(best.aspect, THRESHOLD)
    return best if is_near and best.similarity >= elsewhere - MARGIN else None


def _possible(clause: str) -> set[str]:
    found = {name for name, words in _examples().words.items() if words.search(clause)}
    return found | {QUESTION} if "?" in clause else found


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
