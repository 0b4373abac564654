"""What sources produce and insights consume: typed, in memory only, never stored.

A language model labels comments in words of a closed list, so an odd comment can only choose among
them.
"""

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
    """Who posted; `ref` is `pseudonym` of the handle, so no handle gets further than here."""

    ref: str
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """A published title, not a person's text: it may be shown."""

    title: str
    is_original: bool | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said from one second to another."""

    start_s: float
    end_s: float
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a video: in memory only. `language` is the one that is spoken."""

    language: str | None
    basis: Literal["subtitles", "transcription"]
    cues: tuple[Cue, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Video:
    """One post with its public counts at `collected_at`. `ref` is `pseudonym` of its id."""

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
    """One comment under a video, or one review on a page. `ref`s as in Video and Author."""

    ref: str
    text: str = field(repr=False)
    kind: CommentKind = "comment"
    author_ref: str | None = None
    likes: int | None = None
    rating: float | None = None  # of five
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What the product's page states: names, numbers, and words of our own tables."""

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
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts that an earlier analysis of the same video kept: what makes velocity measurable."""

    ref: str
    taken_at: datetime
    views: int


@dataclass(frozen=True, slots=True)
class Collection:
    """All that one analysis knows about one URL.

    `caveats` are sentences for the user about what the source could not give; `earlier` is filled
    by the job from the last analysis, not by providers. `subject_is_product` is false for a
    creator's own video or profile.
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

    `kind` is None for no opinion, question or wish. `aspect` is a key of the vocabulary, or None.
    `theme` is the title of a theme that the vocabulary lacks, in the model's words.
    """

    sentiment: Sentiment
    kind: ThemeKind | None
    aspect: str | None
    wants_to_buy: bool
    theme: str | None = None


Labels = Mapping[str, Label]  # by the comment's ref
