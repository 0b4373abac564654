"""The document `sentiment_summary`: what people say, with shares, intervals and evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from workers.insights.shapes import (
    Document,
    EvidenceIds,
    Interval,
    Net,
    Shape,
    Share,
)


class Language(Shape):
    code: str
    share: Share


class Dropped(Shape):
    duplicate: int = 0
    spam: int = 0
    language: int = 0
    suspected_injection: int = 0


class Window(Shape):
    start: Annotated[datetime | None, Field(alias="from")] = None
    end: Annotated[datetime | None, Field(alias="to")] = None


class Sample(Shape):
    collected: int
    analysed: int
    dropped: Dropped
    languages: tuple[Language, ...]
    window: Window
    partial: bool


class Distribution(Shape):
    positive: Share
    neutral: Share
    negative: Share


class Overall(Shape):
    """`net`: share of positive minus share of negative; `ci95` includes the labels' own error."""

    label: Literal["positive", "mixed", "negative", "neutral", "insufficient_data"]
    net: Net | None
    ci95: Interval | None
    distribution: Distribution | None
    unsure_share: Share | None
    calibrated: bool
    basis: str
    n: int
    evidence_ids: EvidenceIds


class Aspect(Shape):
    name: str
    mentions: int
    net: Net
    ci95: Interval
    basis: str
    evidence_ids: EvidenceIds


ThemeKind = Literal["praise", "pain", "question", "objection", "desire"]


class Theme(Shape):
    kind: ThemeKind
    aspect: str
    title: str
    share: Share
    n: int
    evidence_ids: EvidenceIds


class PurchaseIntent(Shape):
    share: Share | None
    ci95: Interval | None
    n: int
    basis: str
    evidence_ids: EvidenceIds


class Risk(Shape):
    kind: Literal["safety", "counterfeit", "shipping", "claim"]
    severity: Literal["high", "medium", "low"]
    n: int
    title: str
    evidence_ids: EvidenceIds


class Subject(Shape):
    source_kind: str
    source_ref: str


class SentimentSummary(Document):
    subject: Subject
    sample: Sample
    overall: Overall
    aspects: tuple[Aspect, ...]
    themes: tuple[Theme, ...]
    purchase_intent: PurchaseIntent
    risks: tuple[Risk, ...]
