"""The better sentiment engine: MiniLM's vectors beside the lexicon's features. Optional extra.

Fitted on the same MIT-licensed sets as the lexicon's calibration, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workers.insights.embeddings import embed
from workers.insights.lexicon import Probabilities, SoftmaxWeights, lexicon_features

# Unit vectors have small entries beside the lexicon's features; the penalty should not see that.
VECTOR_SCALE = 6.0


class NeuralScorer:
    name = "minilm-lexicon"
    version = "1"
    is_calibrated = True

    @property
    def prior(self) -> tuple[float, float, float]:
        return _weights().prior

    def score(self, texts: Sequence[str]) -> list[Probabilities]:
        if not texts:
            return []
        weights = _weights()
        logits = neural_features(texts) @ np.array(weights.coefficients).T
        logits += np.array(weights.intercepts)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        return [Probabilities(*map(float, row)) for row in shares]


def neural_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """What the model sees of each text. Changing these needs a new training run."""
    lexicon = np.array([lexicon_features(text) for text in texts])
    return np.hstack([embed(texts) * VECTOR_SCALE, lexicon])


@cache
def _weights() -> SoftmaxWeights:
    return SoftmaxWeights.read("neural_weights.json")
