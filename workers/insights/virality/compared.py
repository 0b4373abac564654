"""What the better posts of one creator have, beside the others: medians and shares, with a test.

Nine features are compared, so only a difference that chance makes in one of a hundred counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.comparables import standouts
from workers.insights.virality.drivers import RATES
from workers.insights.virality.patterns import difference
from workers.insights.virality.stands_out import Outlier

LEAST_POSTS = 3  # on each side
MIN_WEEKS = 3  # posts of one weekend, or of one run of evenings, are one event
MIN_Z, RARE = 2.58, 0.01  # one of a hundred
QUARTER = 4
EVENING, LATEST = 17, 24  # o'clock
THOUSAND = 1000
OUTCOMES = frozenset({"shares", "comments"})
Groups = Literal["standouts", "best_quarter", "halves"]


@dataclass(frozen=True, slots=True)
class Row:
    """A feature: two medians, or two counts of those that have it, each of `n` and `other_n`."""

    name: str
    left: float
    right: float
    n: int
    other_n: int
    is_count: bool
    is_apart: bool  # beyond chance

    @property
    def is_choice(self) -> bool:
        """Whether it is apart in something that the creator chooses, not in what viewers make."""
        return self.is_apart and self.name not in OUTCOMES


@dataclass(frozen=True, slots=True)
class Compared:
    groups: Groups
    n: int
    other_n: int
    rows: tuple[Row, ...]
    evidence_ids: tuple[str, ...]


def compared(
    videos: Sequence[Video],
    found: Mapping[str, Outlier],
    author: str,
    *,
    has_turned: bool,
    log: EvidenceLog,
) -> Compared | None:
    """Posts that stand out against the others; a level that turned compares the halves in time."""
    posts = [video for video in videos if video.author.ref == author and not video.is_pinned]
    groups, those, others = _groups(posts, found, has_turned=has_turned)
    if min(len(those), len(others)) < LEAST_POSTS:
        return None
    rows = [*_medians(those, others), *_counts(those, others)]
    if not rows:
        return None
    refs = [video.ref for video in (*those, *others)]
    said = f"{len(those)} posts beside {len(others)} others of the creator."
    evidence = log.add("video", said, refs)
    return Compared(groups, len(those), len(others), tuple(rows), (evidence,))


def _groups(
    posts: Sequence[Video], found: Mapping[str, Outlier], *, has_turned: bool
) -> tuple[Groups, list[Video], list[Video]]:
    if has_turned:
        dated = sorted(
            (post for post in posts if post.created_at and post.views is not None),
            key=lambda post: post.created_at.timestamp() if post.created_at else 0.0,
        )
        half = len(dated) // 2
        return "halves", dated[half:], dated[:half]
    own = {
        post.ref: found[post.ref]
        for post in posts
        if post.ref in found and found[post.ref].basis == "creator_median"
    }
    best = [outlier.video for outlier in standouts(own, None)]
    groups: Groups = "standouts"
    if len(best) < LEAST_POSTS:
        ranked = sorted(own.values(), key=lambda outlier: (-outlier.ratio, outlier.video.ref))
        best = [outlier.video for outlier in ranked[: len(ranked) // QUARTER]]
        groups = "best_quarter"
    refs = {video.ref for video in best}
    return groups, best, [each.video for each in own.values() if each.video.ref not in refs]


def _rate(name: str) -> Callable[[Video], float | None]:
    def rate(video: Video) -> float | None:
        value = RATES[name](video)
        return None if value is None else THOUSAND * value

    return rate


_MEASURES: dict[str, Callable[[Video], float | None]] = {
    "seconds": lambda video: video.duration_seconds,
    "shares": _rate("share_rate"),
    "comments": _rate("comment_rate"),
    "tags": lambda video: float(len(video.hashtags)) if video.text or video.hashtags else None,
    "words": lambda video: float(
        sum(not word.startswith("#") for word in video.text.split())
    ) if video.text else None,
}  # fmt: skip
_FEATURES: dict[str, Callable[[Video], bool | None]] = {
    "weekend": lambda video: video.created_at.weekday() > 4 if video.created_at else None,
    "evening": lambda video: video.created_at.hour >= EVENING if video.created_at else None,
    "original": lambda video: video.sound.is_original if video.sound else None,
    "question": lambda video: "?" in video.text if video.text else None,
}

_OF_TIME = {"weekend", "evening"}


def _week_of(video: Video) -> tuple[int, int] | None:
    """The ISO year and week of its time; None without one."""
    return video.created_at.isocalendar()[:2] if video.created_at else None


def _medians(those: Sequence[Video], others: Sequence[Video]) -> list[Row]:
    rows = []
    for name, measure in _MEASURES.items():
        left = [value for video in those if (value := measure(video)) is not None]
        right = [value for video in others if (value := measure(video)) is not None]
        if min(len(left), len(right)) < LEAST_POSTS or not median(left) + median(right):
            continue
        z, _ = difference(left, right)
        is_apart = abs(z) >= MIN_Z and median(left) != median(right)
        rows.append(
            Row(
                name,
                median(left),
                median(right),
                len(left),
                len(right),
                is_count=False,
                is_apart=is_apart,
            )
        )
    return rows


def _counts(those: Sequence[Video], others: Sequence[Video]) -> list[Row]:
    rows = []
    for name, feature in _FEATURES.items():
        left = [value for video in those if (value := feature(video)) is not None]
        right = [value for video in others if (value := feature(video)) is not None]
        if min(len(left), len(right)) < LEAST_POSTS or not sum(left) + sum(right):
            continue
        n, m = len(left), len(right)
        is_apart = fisher(sum(left), n, sum(right), m) <= RARE
        if is_apart and name in _OF_TIME:
            having = those if sum(left) * m > sum(right) * n else others
            weeks = {_week_of(video) for video in having if feature(video)}
            is_apart = len(weeks) >= MIN_WEEKS
        rows.append(Row(name, sum(left), sum(right), n, m, is_count=True, is_apart=is_apart))
    return rows


def fisher(k: int, n: int, other_k: int, other_n: int) -> float:
    """The two-sided exact chance of counts at least as far apart."""
    total = k + other_k
    ways = {
        each: math.comb(n, each) * math.comb(other_n, total - each)
        for each in range(max(0, total - other_n), min(n, total) + 1)
    }
    return sum(way for way in ways.values() if way <= ways[k]) / sum(ways.values())
