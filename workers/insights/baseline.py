"""How far a post stands out from what its creator usually gets, allowing for its age.

The creator's own median explains views far better than followers do (rank correlation 0.90 against
0.75 on 47,000 posts), and a median is not moved by the one post that went through the roof.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

from workers.insights.inputs import Video
from workers.insights.statistics import Z80, robust_spread

Basis = Literal["creator_median", "category"]

MINIMUM_POSTS = 5
MAXIMUM_POSTS = 20
MINIMUM_NICHE = 10
# A post has about half of its later views this many days in. Read off the growth of posts seen
# twice (1 to 90 days old), and confirmed on another set: with it, posts of a day and posts of a
# month have the same median ratio.
HALF_GROWN_DAYS = 3.3
# How unevenly single posts follow that curve (log scale), largest for the youngest.
GROWTH_SPREAD = 0.45
# Never trust a handful of posts to vary as little as they happen to.
LEAST_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Baseline:
    """`values` are full-grown views, natural logarithm: of posts, or of one per creator."""

    basis: Basis
    values: tuple[float, ...]
    log_median: float
    spread: float

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def error(self) -> float:
        """Of the median; a small sample's spread is itself uncertain, hence the last factor."""
        return 1.2533 * self.spread / math.sqrt(self.n) * math.sqrt(1 + 1 / self.n)


@dataclass(frozen=True, slots=True)
class Outlier:
    """`ratio` times the baseline; with 80 % certainty between `low` and `high`."""

    video: Video
    baseline: Baseline
    ratio: float
    low: float
    high: float

    @property
    def log_ratio(self) -> float:
        return math.log(self.ratio)


def maturity(age_days: float) -> float:
    """The part of its later views that a post of this age has."""
    return (age_days + 0.3) / (age_days + HALF_GROWN_DAYS)


def age_days(video: Video, now: datetime) -> float | None:
    if video.created_at is None:
        return None
    return max(0.0, ((video.collected_at or now) - video.created_at).total_seconds() / 86_400)


def grown_log_views(video: Video, now: datetime) -> float | None:
    """Nothing for a post without views or date, nor for an advertisement: its views are bought."""
    age = age_days(video, now)
    if age is None or not video.views or video.is_ad:
        return None
    return math.log(video.views / maturity(age))


def outliers(videos: Sequence[Video], now: datetime) -> dict[str, Outlier]:
    """Every post that can be compared with something, by ref."""
    grown = [
        (video, value) for video in videos if (value := grown_log_views(video, now)) is not None
    ]
    by_author: defaultdict[str, list[tuple[Video, float]]] = defaultdict(list)
    for video, value in grown:
        by_author[video.author.ref].append((video, value))
    medians = {author: median(v for _, v in posts) for author, posts in by_author.items()}
    found = {}
    for video, value in grown:
        own = creator_baseline(video, by_author[video.author.ref])
        baseline = own or niche_baseline(video.author.ref, medians)
        if baseline is not None:
            found[video.ref] = measured(video, value, baseline, now)
    return found


def creator_baseline(video: Video, posts: Sequence[tuple[Video, float]]) -> Baseline | None:
    """Of the posts before this one; where those are too few, of the nearest around it."""
    others = [(o, value) for o, value in posts if o.ref != video.ref and not o.is_pinned]
    before = [(o, value) for o, value in others if _distance(o, video) <= 0]
    chosen = before if len(before) >= MINIMUM_POSTS else others
    if len(chosen) < MINIMUM_POSTS:
        return None
    nearest = sorted(chosen, key=lambda pair: abs(_distance(pair[0], video)))[:MAXIMUM_POSTS]
    return _baseline("creator_median", [value for _, value in nearest])


def niche_baseline(author_ref: str, medians: Mapping[str, float]) -> Baseline | None:
    """One value per other creator, so that a busy one does not become the niche."""
    values = [value for author, value in medians.items() if author != author_ref]
    return _baseline("category", values) if len(values) >= MINIMUM_NICHE else None


def _distance(other: Video, video: Video) -> float:
    if other.created_at is None or video.created_at is None:
        return 0.0
    return (other.created_at - video.created_at).total_seconds()


def _baseline(basis: Basis, values: Sequence[float]) -> Baseline:
    spread = max(LEAST_SPREAD, robust_spread(values))
    return Baseline(basis, tuple(values), median(values), spread)


def measured(video: Video, value: float, baseline: Baseline, now: datetime) -> Outlier:
    """The interval holds what is unknown: the baseline's own error and how this post will grow."""
    log_ratio = value - baseline.log_median
    growth = GROWTH_SPREAD * (1 - maturity(age_days(video, now) or 0.0))
    half = Z80 * math.hypot(baseline.error, growth)
    return Outlier(
        video=video,
        baseline=baseline,
        ratio=math.exp(log_ratio),
        low=math.exp(log_ratio - half),
        high=math.exp(log_ratio + half),
    )
