"""Puts the virality breakdown together: which video, how far it stands out, what goes with it."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.insights.documents import Format, SoundFormat, StandsOut
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Collection, Sound, Video
from workers.insights.virality import drivers
from workers.insights.virality.comparables import comparables, tags
from workers.insights.virality.hooks import RETENTION, RETENTION_POSTS, hook
from workers.insights.virality.patterns import CAVEAT as PATTERNS
from workers.insights.virality.patterns import patterns
from workers.insights.virality.stands_out import Outlier, outliers, stands_out, still_growing
from workers.insights.virality.velocity import counts, stage, velocity

HOOKS_GUESSED = "The type of hook is a guess from the caption; the video itself was not watched."
WATCH_TIME = "The watch time of these posts is not public: only their creators have it."
OF_POSTS = (
    WATCH_TIME,
    HOOKS_GUESSED,
)
OF_RETENTION = (
    f"Retention by kind of opening comes from {RETENTION_POSTS} short videos of another platform.",
    "Kinds of opening that share their retention do not differ from each other measurably.",
)
NEVER_KNOWN = (*OF_POSTS, *OF_RETENTION)
OLD_DAYS = 30  # older data is no news
_TITLE_NOISE = re.compile(r"https?\S+|@\S+|[^\w\s'&().,!?\-]")
# TikTok names a creator's own sound after the creator.
_OWN_SOUND = re.compile(
    "original|orijinal|oryginaln|оригинальн|nhạc nền|suara asli|原声|オリジナル|오리지널",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Virality:
    """`fields` are fields of `ViralityBreakdown`. Its confidence follows from `stands_out`."""

    stands_out: StandsOut
    fields: dict[str, object]
    caveats: tuple[str, ...]


def examine(collection: Collection, now: datetime, log: EvidenceLog) -> Virality:
    subject = subject_of(collection.videos)
    # Sample data never grows. Compared with an earlier look it would seem to have stopped growing.
    earlier = () if collection.source_kind == "sample" else collection.earlier
    found = outliers(collection.videos, now)
    seen = patterns(collection.videos, subject.author.ref, found, now, log) if subject else ()
    own = found.get(subject.ref) if subject is not None else None
    standing_out = stands_out(subject, own, log)
    fields: dict[str, object] = {
        "stands_out": standing_out,
        "still_growing": still_growing(subject, collection.videos, log),
        "stage": stage(subject, earlier, now),
        "metrics": drivers.metrics(subject, own, collection.videos, log),
        "velocity": velocity(subject, earlier, now),
        "drivers": drivers.drivers(subject, collection.videos, log),
        "hook": hook(subject.text if subject is not None else None),
        "retention": RETENTION,
        "format": _format(subject, {pattern.tag for pattern in seen}),
        "tags": tags(found, subject),
        "comparables": comparables(found, subject, log, named_product(collection)),
        "counter_evidence": drivers.counter_evidence(subject, own, log),
        "patterns": seen,
        "counts": counts(subject, collection.videos, earlier, now),
    }
    caveats = (
        *NEVER_KNOWN,
        *([PATTERNS] if seen else []),
        *_caveats(collection.videos, found, now),
    )
    return Virality(standing_out, fields, caveats)


def named_product(collection: Collection) -> str | None:
    """The name by which posts of others are related to a product; None for a video or profile."""
    product = collection.product
    return product.name if product is not None and collection.subject_is_product else None


def subject_of(videos: Sequence[Video]) -> Video | None:
    """The video asked about. Of a profile: the newest post with a date and views."""
    marked = next((video for video in videos if video.role == "subject"), None)
    if marked is not None:
        return marked
    own = [
        video for video in videos if video.role == "creator" and video.created_at and video.views
    ]
    own.sort(key=lambda video: video.created_at.timestamp() if video.created_at else 0.0)
    return own[-1] if own else None


def _format(subject: Video | None, tags: Container[str | None]) -> Format | None:
    if subject is None:
        return None
    sound = subject.sound
    return Format(
        duration_s=subject.duration_seconds,
        slideshow=subject.is_slideshow,
        advertisement=subject.is_ad,
        sound=SoundFormat(title=sound_title(sound), original=sound.is_original) if sound else None,
        hashtags=tuple(tag for tag in subject.hashtags if tag in tags),
    )


def sound_title(sound: Sound) -> str | None:
    """The title of a published sound. None for a creator's own sound, which bears their name."""
    if sound.is_original or _OWN_SOUND.search(sound.title):
        return None
    return " ".join(_TITLE_NOISE.sub(" ", sound.title).split())[:60] or None


def _caveats(videos: Sequence[Video], found: dict[str, Outlier], now: datetime) -> tuple[str, ...]:
    caveats = []
    if videos and len(found) < len(videos):
        left_out = len(videos) - len(found)
        caveats.append(
            f"Left out for want of views, date, followers or other posts: {left_out} of "
            f"{len(videos)} videos."
        )
    dated = [video.created_at for video in videos if video.created_at is not None]
    if dated and (now - max(dated)).days > OLD_DAYS:
        caveats.append(f"The newest video is {(now - max(dated)).days} days old.")
    return tuple(caveats)
