"""The documents as schema_version "1.0" had them, to read stored ones by type. Nothing writes them.

This is a frozen copy: it never changes. `documents` has the shapes of today.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Literal["1.0"] = "1.0"


Interval = tuple[float, float]


EvidenceIds = tuple[str, ...]


Share = Annotated[float, Field(ge=0, le=1)]


Net = Annotated[float, Field(ge=-1, le=1)]

Band = Literal["breakout", "above", "typical", "below", "insufficient_data"]


Stage = Literal["heating", "steady", "saturating", "insufficient_data"]


Status = Literal["measured", "lifetime_average", "unavailable"]


class Shape(BaseModel):
    """Frozen, and strict about names: a typo fails a test instead of reaching a frontend."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Evidence(Shape):
    """What a claim rests on, in our words: never in those of the person who wrote it."""

    id: str
    kind: Literal["comment", "review", "video", "product_fact", "benchmark"]
    paraphrase: Annotated[str, Field(max_length=140)]
    n: int
    label: str | None = None
    url: str | None = None
    pseudonym: str


class Confidence(Shape):
    level: Literal["high", "medium", "low", "insufficient_data"]
    score: Share
    reasons: tuple[str, ...]


class Grounding(Shape):
    """`claims` were made, `cited` name evidence, `verified` name evidence that exists."""

    claims: int
    cited: int
    verified: int
    dropped: int


class Usage(Shape):
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class Engine(Shape):
    """Who computed this; `input_hash` is keyed: it tells only whether two inputs are equal."""

    provider: str
    model: str
    version: str
    prompt_version: str | None = None
    input_hash: str
    usage: Usage = Usage()
    fallback_used: bool = False


class Document(Shape):
    """What every result carries beside its own content."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    evidence: tuple[Evidence, ...]
    confidence: Confidence
    grounding: Grounding
    engine: Engine
    caveats: tuple[str, ...]
    as_of: datetime


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
    pseudonym: str


class SentimentSummary(Document):
    subject: Subject
    sample: Sample
    overall: Overall
    aspects: tuple[Aspect, ...]
    themes: tuple[Theme, ...]
    purchase_intent: PurchaseIntent
    risks: tuple[Risk, ...]


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

    pseudonym: str
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
    caveats: tuple[str, ...]
