"""The documents of an analysis: the JSON that frontends show.

`SentimentSummary` tells what people say. `ViralityBreakdown` tells how far a video stands out.
`PackConfiguration` tells what to film next. Each has evidence, a confidence and an engine. A number
that could not be measured is null, never zero; a `status` or a `reason` beside it says why.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Literal["2.0"] = "2.0"


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
    """What a statement rests on, in our words. It quotes nobody."""

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
    """`claims` counts statements, `cited` those with evidence ids, `verified` those that hold."""

    claims: int
    cited: int
    verified: int
    dropped: int


class Usage(Shape):
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class Engine(Shape):
    """What computed the document.

    `input_hash` is a keyed hash of the URL, the videos with their views, and the comments' ids.
    """

    provider: str
    model: str
    version: str
    prompt_version: str | None = None
    input_hash: str
    usage: Usage = Usage()
    fallback_used: bool = False


class Document(Shape):
    """What every result carries beside its own content."""

    schema_version: Literal["2.0"] = SCHEMA_VERSION
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
    suspected_injection: int = 0


class NotRead(Shape):
    """Comments that nobody read. `languages` leaves out those that were not recognised."""

    n: int
    languages: tuple[str, ...]


class Window(Shape):
    start: Annotated[datetime | None, Field(alias="from")] = None
    end: Annotated[datetime | None, Field(alias="to")] = None


class Sample(Shape):
    """`comments` and `reviews` add up to `analysed`."""

    collected: int
    analysed: int
    dropped: Dropped
    not_read: NotRead
    languages: tuple[Language, ...]
    comments: int
    reviews: int
    window: Window
    partial: bool


class Distribution(Shape):
    positive: Share
    neutral: Share
    negative: Share


class DistributionIntervals(Shape):
    """95 % intervals of the shares."""

    positive: Interval
    neutral: Interval
    negative: Interval


class Overall(Shape):
    """`net`: share of positive minus share of negative; `ci95` includes the labels' own error.

    `mixed` says that there is praise and complaint; `unclear`, that the interval tells neither.
    """

    label: Literal["positive", "mixed", "negative", "neutral", "unclear", "insufficient_data"]
    net: Net | None
    ci95: Interval | None
    distribution: Distribution | None
    distribution_ci95: DistributionIntervals | None
    calibrated: bool
    basis: str
    n: int
    evidence_ids: EvidenceIds


class Stars(Shape):
    """`counts` are of one to five stars."""

    mean: Annotated[float, Field(ge=1, le=5)]
    n: int
    counts: tuple[int, int, int, int, int]
    evidence_ids: EvidenceIds


class Aspect(Shape):
    """`net` is null for too few mentions.

    `precision` is the share of mentions that were right when read by hand; null: not measured.
    """

    name: str
    mentions: int
    net: Net | None
    ci95: Interval | None
    precision: Share | None
    basis: str
    evidence_ids: EvidenceIds


ThemeKind = Literal["praise", "pain", "question", "objection", "desire"]


class Theme(Shape):
    """`aspect` is null for a theme that a model named outside the vocabulary.

    `carries_claims`: its mentions are right often enough to base a hook on it.
    """

    kind: ThemeKind
    aspect: str | None
    title: str
    share: Share
    n: int
    source: Literal["vocabulary", "model"] = "vocabulary"
    carries_claims: bool = False
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


ViewerKind = Literal["explanation", "laughing", "helpful", "calming", "song", "food", "requests"]


class ViewerTheme(Shape):
    """What viewers of a video say of it, in `n` `of` so many comments that were searched.

    `usual` is its share under other videos, `precision` the share of hits right when read by hand.
    """

    kind: ViewerKind
    n: int
    of: int
    share: Share
    ci95: Interval
    usual: Share
    precision: Share
    evidence_ids: EvidenceIds


class Topic(Shape):
    """What `n` `of` so many reviews speak of; `name` is a key of the closed list.

    `stars` is the mean of those that name it and gave stars (`rated`), `other_stars` of the others.
    """

    name: str
    n: int
    of: int
    rated: int
    stars: float | None
    other_rated: int
    other_stars: float | None
    evidence_ids: EvidenceIds


NamedWordKind = Literal["song", "recipe", "other"]


class NamedWord(Shape):
    """A single word that `n` `of` so many people name in their comments, as most write it.

    `in_caption`: the creator's captions or hashtags have it, too. `net` and its interval are those
    of these comments. They are null unless clearly good or bad, and unlike those of all comments.
    """

    word: Annotated[str, Field(max_length=24)]
    kind: NamedWordKind
    in_caption: bool
    n: int
    of: int
    share: Share
    ci95: Interval
    net: Net | None
    net_ci95: Interval | None
    evidence_ids: EvidenceIds


class SentimentSummary(Document):
    subject: Subject
    sample: Sample
    overall: Overall
    stars: Stars | None
    aspects: tuple[Aspect, ...]
    themes: tuple[Theme, ...]
    purchase_intent: PurchaseIntent
    risks: tuple[Risk, ...]
    viewers: tuple[ViewerTheme, ...] = ()
    topics: tuple[Topic, ...] = ()
    words: tuple[NamedWord, ...] = ()


class StandsOut(Shape):
    """`ratio` compares with the creator's usual views. Both intervals are 80 % intervals.

    `value`: of 100 posts, so many have a lower ratio.
    """

    value: Annotated[int, Field(ge=0, le=100)] | None
    band: Band
    ratio: float | None
    ratio_interval: Interval | None
    interval: tuple[int, int] | None
    basis: Literal["creator_median", "followers", "none"]
    basis_text: str
    n: int
    method: str
    evidence_ids: EvidenceIds


class StillGrowing(Shape):
    """`percentile` ranks saves per like among other creators' posts. It is no prediction."""

    status: Literal["shown", "not_shown"]
    percentile: Annotated[float, Field(ge=0, le=100)] | None
    interval: Interval | None
    reason: str
    basis_text: str
    n: int
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


class Retention(Shape):
    """How many viewers were left after five seconds of other posts that open like this: 0 to 2.

    Rare kinds, and kinds whose interval overlaps that of no hook, share the numbers of
    `pooled_with`.
    """

    hook: HookType
    mean: Annotated[float, Field(ge=0, le=2)]
    ci95: Interval
    n: int
    pooled_with: tuple[HookType, ...] = ()


class Tag(Shape):
    """A hashtag of posts that stand out. It is a count, not advice."""

    tag: str
    posts: int
    authors: int


class SoundFormat(Shape):
    title: str | None
    original: bool | None


class Format(Shape):
    """`hashtags` are those that patterns name."""

    duration_s: float | None
    slideshow: bool
    advertisement: bool
    sound: SoundFormat | None
    hashtags: tuple[str, ...] = ()


class Comparable(Shape):
    """A post that stood out. `posted_on` is a date, such as 2026-11-30.

    `is_own`: of the creator whose video was asked about.
    """

    url: str | None
    ratio: float
    ratio_interval: Interval
    basis: Literal["creator_median", "followers"]
    n: int
    hook: HookType
    duration_s: float | None
    posted_on: str | None = None
    views: int | None = None
    is_own: bool = False
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


SpokenBeatKind = Literal["hook", "problem", "demo", "proof", "call_to_action", "other"]


class SpokenBeat(Shape):
    """A part of a video, by what is said in it."""

    kind: SpokenBeatKind
    from_s: float
    to_s: float


class CallToAction(Shape):
    """The last request to viewers."""

    kind: Literal["link", "buy", "follow", "comment", "save", "share"]
    at_s: float


class VideoStructure(Shape):
    """What is said in the video asked about, without its words.

    `product_first_s` is null where the product is not named. `words_per_second` is null for
    languages that write no spaces.
    """

    language: str | None
    basis: Literal["subtitles", "transcription"]
    spoken_hook: HookType
    words_per_second: float | None
    product_first_s: float | None
    call_to_action: CallToAction | None
    beats: tuple[SpokenBeat, ...]
    evidence_ids: EvidenceIds


class HookCount(Shape):
    hook: HookType
    n: int


class Openings(Shape):
    """How posts that stood out begin. The numbers are medians, null where nothing was measured."""

    n: int
    hooks: tuple[HookCount, ...]
    words_per_second: float | None
    product_first_s: float | None
    evidence_ids: EvidenceIds


PatternKind = Literal["short", "topic", "again", "level_up", "level_down"]


class Lasting(Shape):
    """Of `n` such patterns of other creators, the share that their later posts confirm.

    Of "again", `n` counts posts that stood out: confirmed where later posts with the hashtag got
    more views than the others. `ratio` is the median of all `n` ratios, with its 95 % interval.
    """

    n: int
    held: Share
    ratio: float
    ci95: Interval


class Pattern(Shape):
    """What goes with views among the creator's own posts: a pattern, no cause.

    `n` posts have it, `other_n` do not; `ratio` compares their median views at equal age. The posts
    of "short" last up to `seconds`. "topic" is a hashtag. "again" is the hashtag of the best post,
    with that post's ratio, which `n` of `other_n` other posts have. Levels compare the newer half.
    """

    kind: PatternKind
    tag: str | None
    seconds: float | None
    n: int
    other_n: int
    ratio: float
    lasting: Lasting
    evidence_ids: EvidenceIds


class ViralityBreakdown(Document):
    stands_out: StandsOut
    still_growing: StillGrowing
    stage: Stage
    metrics: tuple[Metric, ...]
    velocity: Velocity
    drivers: tuple[Driver, ...]
    hook: Hook
    retention: tuple[Retention, ...]
    format: Format | None
    tags: tuple[Tag, ...]
    comparables: tuple[Comparable, ...]
    counter_evidence: tuple[Counter, ...]
    counts: tuple[Counts, ...]
    video: VideoStructure | None = None
    openings: Openings | None = None
    patterns: tuple[Pattern, ...] = ()


Locale = Literal["en", "es", "pt", "fr", "de"]
PackCase = Literal["shop_product", "own_video", "profile", "no_comments"]


class Inputs(Shape):
    """What the pack was written from; the ids are filled in as it is saved."""

    analysis_result_ids: tuple[str, ...] = ()
    locale: Locale = "en"


class PackStandsOut(Shape):
    """From the breakdown, with the level of the breakdown's confidence."""

    value: int | None
    band: Band
    interval: tuple[int, int] | None
    confidence: Literal["high", "medium", "low", "insufficient_data"]
    evidence_ids: EvidenceIds


class PackStillGrowing(Shape):
    """From the breakdown; `reason` in the pack's language."""

    status: Literal["shown", "not_shown"]
    percentile: Annotated[float, Field(ge=0, le=100)] | None
    reason: str
    evidence_ids: EvidenceIds


class HookRetention(Shape):
    """How many still watched `n` other posts with such a hook after five seconds: 0 few, 2 many."""

    mean: Annotated[float, Field(ge=0, le=2)]
    ci95: Interval
    n: int


class PackHook(Shape):
    """`basis` is what the hook rests on, `why` says it with its numbers.

    `outliers`: posts that stood out open like this; what the hook speaks of is cited beside them.
    `viewers`: what many viewers say of the video, or a word that they name. `own_posts`: a pattern
    of the creator's posts. `topic`: what many reviews speak of.
    """

    id: str
    type: HookType
    text: str
    why: str
    basis: Literal["outliers", "question", "theme", "topic", "fact", "viewers", "own_posts"]
    retention: HookRetention | None
    evidence_ids: EvidenceIds


FactKind = Literal["price", "stock", "rating", "material", "size", "colour", "brand", "spec"]


class Fact(Shape):
    """What the product's page states. `stock` is there only if nobody can buy it right now."""

    kind: FactKind
    text: str
    evidence_id: str


class Angle(Shape):
    """`theme` is its kind and subject: `question:price`, `pain:taste`; `idea:1` of a model."""

    id: str
    title: str
    theme: str
    promise: str
    proof: str
    evidence_ids: EvidenceIds


class Beat(Shape):
    """`shot` is what the camera shows while `text` is said, where that is something of its own."""

    from_s: int
    to_s: int
    kind: Literal["hook", "problem", "demo", "proof", "payoff", "cta"]
    text: str
    on_screen: str
    shot: str = ""


class ScriptTemplate(Shape):
    id: str
    angle_id: str
    duration_s: int
    beats: tuple[Beat, ...]


class Disclosure(Shape):
    """Of a post that its creator says is paid for."""

    required: Literal["yes"]
    text: str
    placement: str
    reason: str


NextStepKind = Literal[
    "wait_for_stock",
    "answer_video",
    "answer_requests",
    "take_up",
    "keep_short",
    "plan_topic",
    "compare_halves",
    "compare_posts",
    "film_theme",
    "film_fact",
    "repeat_opening",
    "write_hook",
    "read_comments",
    "connect_tiktok",
    "add_video",
    "more_comments",
    "more_posts",
    "add_competitor",
]


class Finding(Shape):
    """One of the most useful things that is known: `text` states it, `do` says what to film."""

    text: str
    do: str
    evidence_ids: EvidenceIds


class Comparison(Shape):
    """What some posts of a creator have, beside the others, with whether chance explains it."""

    text: str
    evidence_ids: EvidenceIds


class NextStep(Shape):
    """What to do, and why. `evidence_ids` is empty for steps to know more."""

    kind: NextStepKind
    text: str
    evidence_ids: EvidenceIds = ()


class Card(Shape):
    kind: Literal[
        "stands_out", "sentiment", "hooks", "facts", "angles", "script", "risks", "next_steps"
    ]
    ref: str
    order: int


class Freshness(Shape):
    as_of: datetime
    expires_at: datetime


ChangeKind = Literal[
    "breakout",
    "stands_out_up",
    "stands_out_down",
    "heating",
    "cooling",
    "net_up",
    "net_down",
    "new_complaint",
    "complaint_gone",
    "sold_out",
    "back_in_stock",
    "price_up",
    "price_down",
]


class Change(Shape):
    """What is different from the last analysis, beyond what chance explains."""

    kind: ChangeKind
    text: str


class Record(Shape):
    """Of `n` intervals that were judged at a later look, `hits` held."""

    n: int
    hits: int
    rate: Share
    ci95: Interval
    text: str


class PackContent(Shape):
    """What a creator reads. A part that the case does not have is empty or null."""

    schema_version: Literal["2.0"] = SCHEMA_VERSION
    case: PackCase
    locale: Locale
    headline: str
    summary: str
    findings: tuple[Finding, ...] = ()
    stands_out: PackStandsOut
    still_growing: PackStillGrowing
    hooks: tuple[PackHook, ...]
    facts: tuple[Fact, ...]
    angles: tuple[Angle, ...]
    script_templates: tuple[ScriptTemplate, ...]
    tags: tuple[Tag, ...]
    disclosure: Disclosure | None
    comparables: tuple[Comparable, ...]
    compared: tuple[Comparison, ...] = ()
    risks: tuple[Risk, ...]
    dos: tuple[str, ...]
    donts: tuple[str, ...]
    next_steps: tuple[NextStep, ...]
    what_changed: tuple[Change, ...] = ()
    cards: tuple[Card, ...]
    freshness: Freshness
    confidence: Confidence
    grounding: Grounding
    caveats: tuple[str, ...]


class PackConfiguration(PackContent):
    """The content of a pack, with what is about its account and how it was made."""

    inputs: Inputs
    record: Record | None = None
    evidence: tuple[Evidence, ...]
    engine: Engine
