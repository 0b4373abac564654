"""A language model's labels as a sentiment engine; what has no label is read by another engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.insights.lexicon import Probabilities, Scorer
from workers.providers.openai_labels import PROMPT_VERSION, Sentiment

# A label states no chance; nine in ten is about what such models get right on clear comments.
_CHANCES: dict[Sentiment, Probabilities] = {
    "negative": Probabilities(0.9, 0.07, 0.03),
    "neutral": Probabilities(0.05, 0.9, 0.05),
    "positive": Probabilities(0.03, 0.07, 0.9),
}


class LabelScorer:
    """`labels` are by the text as the analysis reads it; clauses of a comment have none."""

    version = PROMPT_VERSION
    is_calibrated = False  # the chances below are an assumption
    # A label is a reading of the comment alone; it takes no mix of feelings for granted.
    prior = (1 / 3, 1 / 3, 1 / 3)

    def __init__(self, name: str, labels: Mapping[str, Sentiment], otherwise: Scorer) -> None:
        self.name = name
        self._labels = labels
        self._otherwise = otherwise

    def score(self, texts: Sequence[str]) -> list[Probabilities]:
        """One for each text, in their order."""
        unlabelled = [text for text in texts if text not in self._labels]
        others = dict(zip(unlabelled, self._otherwise.score(unlabelled), strict=True))
        return [
            _CHANCES[self._labels[text]] if text in self._labels else others[text] for text in texts
        ]
