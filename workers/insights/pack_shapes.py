"""The `configuration` of a virality pack: what to film next."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from workers.insights.sentiment_shapes import (
    Risk,
)
from workers.insights.shapes import (
    SCHEMA_VERSION,
    Confidence,
    Engine,
    Evidence,
    EvidenceIds,
    Grounding,
    Interval,
    Shape,
)
from workers.insights.virality_shapes import (
    Band,
    Comparable,
    HookType,
    TagLift,
    TimingWindow,
)


class Inputs(Shape):
    """What the pack was written from; the ids are filled in as it is saved."""

    analysis_result_ids: tuple[str, ...] = ()
    language: str = "en"


class PackScore(Shape):
    value: int | None
    band: Band
    confidence: str


class PackHook(Shape):
    id: str
    type: HookType
    text: str
    why: str
    evidence_ids: EvidenceIds


class Angle(Shape):
    id: str
    title: str
    theme: str
    promise: str
    proof: str
    evidence_ids: EvidenceIds


class Beat(Shape):
    from_s: int
    to_s: int
    kind: Literal["hook", "problem", "demo", "proof", "payoff", "cta"]
    text: str
    on_screen: str


class ScriptTemplate(Shape):
    id: str
    angle_id: str
    duration_s: int
    beats: tuple[Beat, ...]


class PackSound(Shape):
    title: str
    lift: float
    lift_ci: Interval
    n: int
    commercial_use: Literal["yes", "no", "unknown"] = "unknown"
    evidence_ids: EvidenceIds


class Posting(Shape):
    status: Literal["supported", "not_supported"]
    reason: str
    windows: tuple[TimingWindow, ...] = ()


class Disclosure(Shape):
    required: Literal["yes", "if_paid_or_gifted"]
    text: str
    placement: str
    reason: str


class Card(Shape):
    kind: Literal["score", "sentiment", "hooks", "angles", "script", "risks"]
    ref: str
    order: int


class Freshness(Shape):
    as_of: datetime
    expires_at: datetime


class PackConfiguration(Shape):
    schema_version: Literal["1.0"] = SCHEMA_VERSION
    inputs: Inputs
    headline: str
    summary: str
    score: PackScore
    hooks: tuple[PackHook, ...]
    angles: tuple[Angle, ...]
    script_templates: tuple[ScriptTemplate, ...]
    hashtags: tuple[TagLift, ...]
    sounds: tuple[PackSound, ...]
    posting: Posting
    disclosure: Disclosure
    comparables: tuple[Comparable, ...]
    risks: tuple[Risk, ...]
    dos: tuple[str, ...]
    donts: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    cards: tuple[Card, ...]
    freshness: Freshness
    confidence: Confidence
    grounding: Grounding
    engine: Engine
    limits: tuple[str, ...]
