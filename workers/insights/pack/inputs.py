"""What a pack is written from: findings and stated facts; no comment and no caption is among it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workers.insights.documents import Engine, SentimentSummary, ViralityBreakdown
from workers.insights.inputs import ProductFacts


@dataclass(frozen=True, slots=True)
class PackInputs:
    product_name: str
    spoken_name: str  # the same, as short as a person says it
    product: ProductFacts | None
    sentiment: SentimentSummary
    virality: ViralityBreakdown
    engine: Engine
    caveats: tuple[str, ...]
    now: datetime
