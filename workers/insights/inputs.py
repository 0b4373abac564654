"""What sources collect and the analysis reads. It stays in memory and is never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from workers.insights.documents import ThemeKind

SourceKind = Literal["tiktok_video", "tiktok_profile", "product_page", "sample"]
# Why a video was collected: the one asked about, its creator's other posts, or its niche.
Role = Literal["subject", "creator", "niche"]
CommentKind = Literal["comment", "review"]
Sentiment = Literal["positive", "neutral", "negative"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who posted. `ref` is the pseudonym of the handle; the handle itself is not kept."""

    ref: str
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """`title` is as published. It may be shown if the sound is not the creator's own."""

    title: str
    is_original: bool | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    """The words that are spoken from one second to another."""

    start_s: float
    end_s: float
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words that are spoken in a video, and their language."""

    language: str | None
    basis: Literal["subtitles", "transcription"]
    cues: tuple[Cue, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Video:
    """A post with its public counts at `collected_at`. `ref` is the pseudonym of its id."""

    ref: str
    author: Author
    role: Role
    text: str = field(default="", repr=False)  # the caption, hashtags included
    created_at: datetime | None = None
    collected_at: datetime | None = None
    views: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    duration_seconds: float | None = None
    hashtags: tuple[str, ...] = ()  # lower-case, without "#"
    sound: Sound | None = None
    url: str | None = None  # public link; shown only for comparables and the subject
    language: str | None = None
    is_slideshow: bool = False
    is_ad: bool = False
    is_pinned: bool = False
    transcript: Transcript | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment under a video, or a review on a page. `ref` and `author_ref` are pseudonyms."""

    ref: str
    text: str = field(repr=False)
    kind: CommentKind = "comment"
    author_ref: str | None = None
    likes: int | None = None
    rating: float | None = None  # of five
    created_at: datetime | None = None


SpecKind = Literal[
    "pressure",
    "flow",
    "power",
    "noise",
    "load",
    "cable",
    "weight",
    "pieces",
    "wash",
    "water",
    "tank",
    "runtime",
    "charging",
    "warranty",
    "batteries",
    "assembly",
    "load_side",
    "childlock",
    "intake",
]


@dataclass(frozen=True, slots=True)
class Spec:
    """A number with its unit, or "IP44". `unit` is "minute", "day", "month" or "year" for times.

    "batteries" and "assembly" say that they are not included, "childlock" that there is one.
    """

    kind: SpecKind
    amount: str
    unit: str


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What the product's page states. Materials and colours are words of our own tables.

    `categories` are the shop's own words, from the general to the special, and so is `description`.
    They tell what the product is, and nothing shows or stores them.
    """

    name: str
    brand: str | None = None
    price: Decimal | None = None
    currency: str | None = None  # its ISO code, or the sign if several currencies share it
    availability: str | None = None  # schema.org's word: InStock, OutOfStock, PreOrder, …
    rating: float | None = None  # of five
    review_count: int | None = None
    materials: tuple[str, ...] = ()  # "cotton", "steel"
    sizes: tuple[str, ...] = ()  # "300 ml", "20 × 30 cm", "XL"
    colours: tuple[str, ...] = ()  # "blue"
    specs: tuple[Spec, ...] = ()
    is_auction: bool = False  # the price is a bid
    url: str | None = None
    categories: tuple[str, ...] = field(default=(), repr=False)
    description: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The views of a post at an earlier analysis. Velocity is measured from them."""

    ref: str
    taken_at: datetime
    views: int


@dataclass(frozen=True, slots=True)
class Collection:
    """All that sources collected about one URL.

    `caveats` are sentences for the user about what the source could not give. The job, not the
    source, fills `earlier`: with counts that the last analysis kept. `subject_is_product` is false
    for a creator's own video or profile.
    """

    provider: str
    source_kind: SourceKind
    subject_url: str
    collected_at: datetime
    product: ProductFacts | None = None
    videos: tuple[Video, ...] = ()
    comments: tuple[Comment, ...] = ()
    partial: bool = False
    caveats: tuple[str, ...] = ()
    earlier: tuple[Snapshot, ...] = ()
    subject_is_product: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What a language model made of one comment.

    `kind` is None if the comment holds no opinion, question or wish. `aspect` is a key of the
    vocabulary, or None. `theme` is the model's title for a theme that the vocabulary lacks.
    """

    sentiment: Sentiment
    kind: ThemeKind | None
    aspect: str | None
    wants_to_buy: bool
    theme: str | None = None


Labels = Mapping[str, Label]  # by the comment's ref
