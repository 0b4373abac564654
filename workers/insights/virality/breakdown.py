"""Puts the virality breakdown together: which video, how far it stands out, what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.insights.documents import Format, Score, SoundFormat, SoundLift
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Collection, Video
from workers.insights.virality import drivers, lifts
from workers.insights.virality.comparables import comparables
from workers.insights.virality.lifts import hook, patterns
from workers.insights.virality.score import Outlier, outliers, score
from workers.insights.virality.timing import timing
from workers.insights.virality.velocity import counts, stage, velocity

NEVER_KNOWN = (
    "No watch time and no retention: only the creator's own statistics have them.",
    "The type of hook is a guess from the caption; the video itself was not watched.",
)


@dataclass(frozen=True, slots=True)
class Virality:
    """The findings as fields of `ViralityBreakdown`, and the score that confidence is read from."""

    score: Score
    fields: dict[str, object]
    caveats: tuple[str, ...]


def examine(collection: Collection, now: datetime, log: EvidenceLog) -> Virality:
    subject = subject_of(collection.videos)
    # Sample data never grows: compared with itself it would look like a video that has ended.
    earlier = () if collection.source_kind == "sample" else collection.earlier
    found = outliers(collection.videos, now)
    own = found.get(subject.ref) if subject is not None else None
    scored = score(own, drivers.saves_place(subject, collection.videos), log)
    tags, titles = lifts.hashtags(found, log), lifts.sounds(found, log)
    fields: dict[str, object] = {
        "score": scored,
        "stage": stage(subject, earlier, now),
        "metrics": drivers.metrics(subject, own, collection.videos, log),
        "velocity": velocity(subject, earlier, now),
        "drivers": drivers.drivers(subject, collection.videos, log),
        "hook": hook(subject.text if subject is not None else None),
        "format": _format(subject, titles),
        "hashtags": tags,
        "sounds": titles,
        "patterns": patterns(found, log),
        "timing": timing(found, subject.author.ref if subject is not None else None),
        "comparables": comparables(found, subject, log),
        "counter_evidence": drivers.counter_evidence(subject, own, log),
        "counts": counts(subject, collection.videos, earlier, now),
    }
    return Virality(scored, fields, (*NEVER_KNOWN, *_caveats(collection.videos, found, now)))


def subject_of(videos: Sequence[Video]) -> Video | None:
    """The video asked about; of a profile its newest post that is at least a day old."""
    marked = next((video for video in videos if video.role == "subject"), None)
    if marked is not None:
        return marked
    own = [
        video for video in videos if video.role == "creator" and video.created_at and video.views
    ]
    own.sort(key=lambda video: video.created_at.timestamp() if video.created_at else 0.0)
    return own[-1] if own else None


def _format(subject: Video | None, titles: Sequence[SoundLift]) -> Format | None:
    if subject is None:
        return None
    return Format(
        duration_s=subject.duration_seconds,
        slideshow=subject.is_slideshow,
        advertisement=subject.is_ad,
        sound=_sound(subject, titles),
    )


def _sound(subject: Video, titles: Sequence[SoundLift]) -> SoundFormat | None:
    if subject.sound is None:
        return None
    title = None if subject.sound.is_original else lifts.sound_title(subject.sound.title)
    lift = next((item for item in titles if item.title == title), None)
    return SoundFormat(
        title=title,
        original=subject.sound.is_original,
        lift=lift.lift if lift else None,
        lift_ci=lift.lift_ci if lift else None,
        evidence_ids=lift.evidence_ids if lift else (),
    )


def _caveats(videos: Sequence[Video], found: dict[str, Outlier], now: datetime) -> tuple[str, ...]:
    caveats = []
    if videos and len(found) < len(videos):
        left_out = len(videos) - len(found)
        caveats.append(
            f"{left_out} of {len(videos)} videos lack views, a date or posts to compare with."
        )
    dated = [video.created_at for video in videos if video.created_at is not None]
    if dated and (now - max(dated)).days > 60:
        caveats.append(f"The newest video is {(now - max(dated)).days} days old.")
    return tuple(caveats)
