"""The default sentiment engine: VADER's lexicon, calibrated to chances. No model file, no key."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


@dataclass(frozen=True, slots=True)
class Probabilities:
    """What a reader would call this text, as chances that add up to one."""

    negative: float
    neutral: float
    positive: float

    @property
    def net(self) -> float:
        return self.positive - self.negative

    @property
    def certainty(self) -> float:
        return max(self.negative, self.neutral, self.positive)


class Scorer(Protocol):
    """A sentiment engine: the lexicon always, the small neural one where it is installed."""

    name: str
    version: str
    # Whether its chances were held against labels that people gave to other texts.
    is_calibrated: bool

    @property
    def prior(self) -> tuple[float, float, float]:
        """Shares of negative, neutral and positive that its chances take for granted."""
        ...

    def score(self, texts: Sequence[str]) -> list[Probabilities]: ...


@dataclass(frozen=True, slots=True)
class SoftmaxWeights:
    """A multinomial logistic regression; rows are negative, neutral, positive."""

    prior: tuple[float, float, float]
    coefficients: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]

    @classmethod
    def read(cls, name: str) -> SoftmaxWeights:
        """Of the package's resources, as `training` wrote them."""
        text = files("workers.insights").joinpath("resources", name).read_text("utf-8")
        raw = json.loads(text)
        negative, neutral, positive = map(float, raw["prior"])
        rows = tuple(tuple(map(float, row)) for row in raw["coefficients"])
        return cls((negative, neutral, positive), rows, tuple(map(float, raw["intercepts"])))

    def apply(self, features: Sequence[float]) -> Probabilities:
        logits = [
            intercept + sum(map(float.__mul__, row, features))
            for row, intercept in zip(self.coefficients, self.intercepts, strict=True)
        ]
        top = max(logits)
        powers = [math.exp(logit - top) for logit in logits]
        total = sum(powers)
        return Probabilities(*(power / total for power in powers))


class LexiconScorer:
    name = "vader-calibrated"
    version = "1"
    is_calibrated = True

    @property
    def prior(self) -> tuple[float, float, float]:
        return _weights().prior

    def score(self, texts: Sequence[str]) -> list[Probabilities]:
        weights = _weights()
        return [weights.apply(lexicon_features(text)) for text in texts]


def lexicon_features(text: str) -> list[float]:
    """What the calibration sees of a text. Changing these needs a new training run."""
    scores = _analyzer().polarity_scores(text)
    compound = float(scores["compound"])
    length = math.log1p(len(text.split()))
    return [
        compound,
        float(scores["pos"]),
        float(scores["neg"]),
        abs(compound),
        float(compound == 0),
        compound**3,
        length,
        float(scores["pos"]) * length,
        float(scores["neg"]) * length,
        float("?" in text),
        float("!" in text),
    ]


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


@cache
def _weights() -> SoftmaxWeights:
    return SoftmaxWeights.read("lexicon_weights.json")
