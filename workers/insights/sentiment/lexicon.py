"""Features of an English text from VADER's lexicon. The engine's English head uses them."""

from __future__ import annotations

import math
from functools import cache

from workers.insights.sentiment.third_party import SentimentIntensityAnalyzer


def lexicon_features(text: str) -> list[float]:
    """The features of one text. Changing them needs a new training run."""
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
