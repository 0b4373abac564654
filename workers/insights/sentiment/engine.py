"""Sentiment of texts in sixteen languages: linear heads on the sentence embedding.

The weights are fitted on English texts under the MIT licence alone. The embedding carries them to
the other languages. English texts also use the lexicon, which knows English only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.insights.sentiment.embedding import embed
from workers.insights.sentiment.language import ENGLISH, detect_languages
from workers.insights.sentiment.lexicon import lexicon_features

Numbers = NDArray[np.float64]

# Unit vectors have small entries beside the other features; the penalty should not see that.
VECTOR_SCALE = 6.0
# Added to the neutral logit of labels in other languages: the embedding carries opinions over
# weaker than they were. Chosen with the seven evaluation languages in view; -0.2 to -0.5 do alike.
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
    """Chances of negative, neutral, positive: one row per text, each adding up to one.

    `labels` are the best chances of single texts. `totals` come from the part of the engine that
    treats every language alike; shares of many texts are estimated from them.
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
class Probabilities:
    """What a reader would call a text, as chances that add up to one."""

    negative: float
    neutral: float
    positive: float

    @property
    def net(self) -> float:
        return self.positive - self.negative


class Scorer(Protocol):
    """Whoever reads comments: the embedded engine, or a language model by its labels."""

    name: str
    version: str
    # Whether its chances were held against labels that people gave to other texts.
    is_calibrated: bool

    def score(self, texts: Sequence[str]) -> list[Probabilities]: ...


class MultilingualScorer:
    """The embedded engine."""

    name = "use-multilingual"
    version = "1"
    is_calibrated = True

    def score(self, texts: Sequence[str]) -> list[Probabilities]:
        """The chances of each text, in their order."""
        is_english = [language == ENGLISH for language in detect_languages(texts)]
        return [Probabilities(*map(float, row)) for row in read(texts, is_english).labels]


def read(texts: Sequence[str], is_english: Sequence[bool]) -> Reading:
    """Reads each text once; `is_english` says where the lexicon may help."""
    return read_vectors(embed(texts), texts, is_english)


def read_vectors(
    vectors: NDArray[np.float32], texts: Sequence[str], is_english: Sequence[bool]
) -> Reading:
    """The same with the vectors at hand."""
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
    """The mean of two heads: the lexicon alone is too sure where people write unlike reviews."""
    return (neutral + english) / 2


def neutral_features(vectors: NDArray[np.float32], texts: Sequence[str]) -> Numbers:
    """What the head of every language sees. Changing it needs a new training run."""
    rows = [_marks(text) for text in texts]
    return np.hstack([vectors * VECTOR_SCALE, np.array(rows)])


def english_features(vectors: NDArray[np.float32], texts: Sequence[str]) -> Numbers:
    """What the English head sees. Changing it needs a new training run."""
    rows = [lexicon_features(text.translate(_EMOJI_TABLE)) for text in texts]
    return np.hstack([vectors * VECTOR_SCALE, np.array(rows)])


def _marks(text: str) -> list[float]:
    """Emoji, length and punctuation: they mean the same in every language."""
    emoji = " ".join(_EMOJI.findall(text)).translate(_EMOJI_TABLE).strip()
    of_emoji = lexicon_features(emoji)[:6] if emoji else _NO_EMOJI
    return [*of_emoji, float(np.log1p(len(text.split()))), float("?" in text), float("!" in text)]


_NO_EMOJI = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]  # as of a text without a word of the lexicon


def softmax(logits: Numbers) -> Numbers:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Numbers = powers / powers.sum(axis=1, keepdims=True)
    return shares


@cache
def heads() -> tuple[Head, Head]:
    """For every language, and for English."""
    raw = read_weights()
    return _head(raw["neutral"]), _head(raw["english"])


def _head(raw: dict[str, list[list[float]]]) -> Head:
    temperature = float(np.array(raw["temperature"]))
    return Head(np.array(raw["coefficients"]), np.array(raw["intercepts"]), temperature)


@cache
def read_weights() -> dict[str, dict[str, list[list[float]]]]:
    """As `tests/evaluation/train_sentiment.py` wrote them."""
    file = files("workers.insights").joinpath("resources", "multilingual_weights.json")
    found: dict[str, dict[str, list[list[float]]]] = json.loads(file.read_text("utf-8"))
    return found
