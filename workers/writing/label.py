"""The label of a comment: what a language model made of it, in words of a closed list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from workers.insights.inputs import Remark

Sentiment = Literal["positive", "neutral", "negative"]
Kind = Literal["praise", "pain", "question", "objection", "desire", "none"]


@dataclass(frozen=True)
class Label:
    """What the model made of one comment; `aspect` is a key of the vocabulary."""

    sentiment: Sentiment
    kind: Kind
    aspect: str | None
    wants_to_buy: bool

    def stored(self) -> list[Any]:
        """As a step keeps it."""
        return [self.sentiment, self.kind, self.aspect, self.wants_to_buy]

    @classmethod
    def restored(cls, stored: list[Any]) -> Label:
        return cls(*stored)

    def remark(self) -> Remark:
        """What the analysis takes from it beside the sentiment."""
        return Remark(None if self.kind == "none" else self.kind, self.aspect, self.wants_to_buy)
