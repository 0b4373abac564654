"""The document `virality_breakdown`: how far a video stands out, and what goes with it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from workers.insights.shapes import (
    Document,
    EvidenceIds,
    Interval,
    Shape,
)

Band = Literal["breakout", "above", "typical", "below", "insufficient_data"]


Stage = Literal["heating", "steady", "saturating", "insufficient_data"]


Status = Literal["measured", "lifetime_average", "unavailable"]


class Score(Shape):
    """`value`: how many of a hundred posts do less against the same kind of baseline."""

    value: Annotated[int, Field(ge=0, le=100)] | None
    band: Band
    basis: Literal["creator_median", "category", "corpus", "none"]
    basis_text: str
    n: int
    interval: tuple[int, int] | None
    method: str
    evidence_ids: EvidenceIds


class Metric(Shape):
    name: str
    value: float | None
    percentile: float | None = None
    interval: Interval | None = None
    basis: str
    n: int
    status: Status
    evidence_ids: EvidenceIds


class Velocity(Shape):
    views_per_hour: float | None
    snapshots: int
    acceleration: float | None = None
    age_hours: float | None
    basis: str
    status: Status


class Driver(Shape):
    factor: str
    direction: Literal["up", "down"]
    strength: Literal["measured", "heuristic"]
    text: str
    n: int
    evidence_ids: EvidenceIds


HookType = Literal[
    "question",
    "contrarian",
    "result_first",
    "problem",
    "story",
    "listicle",
    "pov",
    "demo",
    "social_proof",
    "warning",
    "comparison",
    "curiosity_gap",
    "none",
]


class Hook(Shape):
    type: HookType
    paraphrase: str
    basis: Literal["caption", "transcript", "none"]
    heuristic: bool = True
    retention_known: bool = False


class Lift(Shape):
    """How many times the views of comparable posts without it, shrunken towards one."""

    lift: float
    lift_ci: Interval
    raw_lift: float
    n: int
    authors: int
    status: Literal["supported", "not_supported"]
    basis: str
    evidence_ids: EvidenceIds


class TagLift(Lift):
    tag: str
    kind: Literal["niche", "generic"]


class SoundLift(Lift):
    title: str


PatternKind = Literal["hook", "length"]


class PatternLift(Lift):
    kind: PatternKind
    name: str


class SoundFormat(Shape):
    title: str | None
    original: bool | None
    lift: float | None = None
    lift_ci: Interval | None = None
    evidence_ids: EvidenceIds = ()


class Format(Shape):
    duration_s: float | None
    slideshow: bool
    advertisement: bool
    sound: SoundFormat | None


class TimingWindow(Shape):
    from_hour_utc: int
    to_hour_utc: int
    lift: float
    lift_ci: Interval
    n: int


class Timing(Shape):
    supported: bool
    reason: str
    n: int
    windows: tuple[TimingWindow, ...] = ()


class Comparable(Shape):
    url: str | None
    outlier_ratio: float
    basis: str
    n: int
    hook: HookType
    why: str
    evidence_id: str


class Counter(Shape):
    text: str
    evidence_ids: EvidenceIds


class Counts(Shape):
    """Kept so that the next analysis of the same video can measure velocity."""

    source_ref: str
    taken_at: datetime
    views: int


class ViralityBreakdown(Document):
    score: Score
    stage: Stage
    metrics: tuple[Metric, ...]
    velocity: Velocity
    drivers: tuple[Driver, ...]
    hook: Hook
    format: Format | None
    hashtags: tuple[TagLift, ...]
    sounds: tuple[SoundLift, ...]
    patterns: tuple[PatternLift, ...]
    timing: Timing
    comparables: tuple[Comparable, ...]
    counter_evidence: tuple[Counter, ...]
    counts: tuple[Counts, ...]
