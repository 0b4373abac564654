"""What a pack is written from: findings and stated facts; no comment and no caption is among it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workers.insights.inputs import ProductFacts
from workers.insights.sentiment_shapes import SentimentSummary
from workers.insights.shapes import Engine
from workers.insights.virality_shapes import ViralityBreakdown


@dataclass(frozen=True, slots=True)
class PackInputs:
    product_name: str
    spoken_name: str  # the same, as short as a person says it
    own_tags: frozenset[str] | None  # of subject and creator; None where neither is known
    product: ProductFacts | None
    sentiment: SentimentSummary
    virality: ViralityBreakdown
    engine: Engine
    limits: tuple[str, ...]
    now: datetime
