"""Sentiment of texts in fifteen languages: two linear heads on the sentence embedding.

The weights are fitted on English texts under the MIT licence alone. The embedding carries them to
the other languages. The second head reads English texts only. It also sees VADER's lexicon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from workers.insights.sentiment.embedding import embed
from workers.insights.sentiment.lexicon import lexicon_features
from workers.insights.sentiment.negation import plainly

Numbers = NDArray[np.float64]

# The penalty of the fit hits small features hardest. This brings the entries of a unit vector to
# the size of the other features.
VECTOR_SCALE = 6.0
# Added to the neutral logit of texts in other languages: through the embedding, opinions look more
# neutral than they are. Chosen with the seven evaluation languages in view; -0.2 to -0.5 do alike.
FOREIGN_NEUTRAL = -0.3
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50]")
# The lexicon reads an emoji by its name. These names mislead: "fire" and "skull" count as bad.
_EMOJI_WORDS = {
    "🔥": "good",
    "💯": "good",
    "🙌": "good",
    "👏": "good",
    "👍": "good",
    "🫶": "love",
    "💀": "lol",
    "☠": "lol",
    "😂": "lol",
    "🤣": "lol",
    "😭": "",
    "👎": "bad",
    "🤡": "bad",
    "💩": "bad",
    "🤮": "disgusting",
    "🤢": "disgusting",
}
_EMOJI_TABLE = str.maketrans({emoji: f" {word} " for emoji, word in _EMOJI_WORDS.items()})


@dataclass(frozen=True, slots=True)
class Reading:
    """Probabilities of negative, neutral, positive: a row for each text, which adds up to one.

    `labels` are the best estimate for a single text. `totals` are those of the first head alone,
    which reads every language. Shares among many texts are estimated from them.
    """

    labels: Numbers
    totals: Numbers


@dataclass(frozen=True, slots=True)
class Head:
    """A multinomial logistic regression with its temperature."""

    coefficients: Numbers
    intercepts: Numbers
    temperature: float

    def logits(self, features: Numbers) -> Numbers:
        found: Numbers = (features @ self.coefficients.T + self.intercepts) / self.temperature
        return found


@dataclass(frozen=True, slots=True)
class Scorer:
    """Names who read the comments: the embedded engine, or a language model."""

    name: str
    version: str
    # Whether its error rate was measured on texts that people had labelled.
    is_calibrated: bool


EMBEDDED = Scorer("use-multilingual", "1", is_calibrated=True)


def read(texts: Sequence[str], is_english: Sequence[bool]) -> Reading:
    """Reads each text once. `is_english` says which texts the English head reads, too."""
    plain = [plainly(text) for text in texts]
    return read_vectors(embed(plain), plain, is_english)


def read_vectors(
    vectors: NDArray[np.float32], texts: Sequence[str], is_english: Sequence[bool]
) -> Reading:
    """The same for texts whose vectors are known."""
    if not texts:
        return Reading(np.zeros((0, 3)), np.zeros((0, 3)))
    neutral, english = heads()
    logits = neutral.logits(neutral_features(vectors, texts))
    totals = softmax(logits)
    english_rows = np.array(is_english, dtype=bool)
    logits[~english_rows, 1] += FOREIGN_NEUTRAL
    places = np.flatnonzero(english_rows)
    if len(places):
        chosen = [text for text, one in zip(texts, is_english, strict=True) if one]
        of_english = english.logits(english_features(vectors[places], chosen))
        logits[places] = blend(logits[places], of_english)
    return Reading(labels=softmax(logits), totals=totals)


def blend(neutral: Numbers, english: Numbers) -> Numbers:
    """The mean of both heads. The English head alone is too sure of texts that are no reviews."""
    return (neutral + english) / 2


def neutral_features(vectors: NDArray[np.float32], texts: Sequence[str]) -> Numbers:
    """Features of the head for every language. Changing them needs a new training run."""
    rows = [_marks(text) for text in texts]
    return np.hstack([vectors * VECTOR_SCALE, np.array(rows)])


def english_features(vectors: NDArray[np.float32], texts: Sequence[str]) -> Numbers:
    """Features of the English head. Changing them needs a new training run."""
    rows = [lexicon_features(text.translate(_EMOJI_TABLE)) for text in texts]
    return np.hstack([vectors * VECTOR_SCALE, np.array(rows)])


def _marks(text: str) -> list[float]:
    """Features that mean the same in every language: emoji, length and punctuation."""
    emoji = " ".join(_EMOJI.findall(text)).translate(_EMOJI_TABLE).strip()
    of_emoji = lexicon_features(emoji)[:6] if emoji else _NO_EMOJI
    return [*of_emoji, float(np.log1p(len(text.split()))), float("?" in text), float("!" in text)]


_NO_EMOJI = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]  # what a text without a word of the lexicon has


def softmax(logits: Numbers) -> Numbers:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Numbers = powers / powers.sum(axis=1, keepdims=True)
    return shares


@cache
def heads() -> tuple[Head, Head]:
    """The head for every language, then the English head."""
    raw = read_weights()
    return _head(raw["neutral"]), _head(raw["english"])


def _head(raw: dict[str, list[list[float]]]) -> Head:
    temperature = float(np.array(raw["temperature"]))
    return Head(np.array(raw["coefficients"]), np.array(raw["intercepts"]), temperature)


@cache
def read_weights() -> dict[str, dict[str, list[list[float]]]]:
    """The weights that `tests/evaluation/train_sentiment.py` writes."""
    file = files("workers.insights").joinpath("resources", "multilingual_weights.json")
    found: dict[str, dict[str, list[list[float]]]] = json.loads(file.read_text("utf-8"))
    return found
