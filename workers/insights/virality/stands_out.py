"""How far a post stands out from what its creator usually gets, and whether it may still grow.

`stands_out` compares views with the median of the creator's own posts. If those are unknown, it
compares with an estimate from the creator's followers. `still_growing` ranks saves per like among
the posts of other creators.

The creator's own median explains views better than followers do (rank correlation 0.90 against 0.75
on 47,000 posts). One viral post does not move a median.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

from workers.insights.documents import Band, StandsOut, StillGrowing
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.statistics import Z80, interpolated, percentile_of, robust_spread, wilson

Basis = Literal["creator_median", "followers"]
# A post, and the natural logarithm of its final views: those it has when it stops growing.
Grown = tuple[Video, float]

MINIMUM_POSTS = 5
MAXIMUM_POSTS = 20
# After so many days a post has about half of its final views. Estimated from posts seen twice, 1 to
# 90 days old. On another set, posts of a day and posts of a month then have the same median ratio.
HALF_GROWN_DAYS = 3.3
# Standard deviation of a new post around that curve (log scale). It shrinks as the post matures.
GROWTH_SPREAD = 0.45
# Least standard deviation of a baseline (log scale): a few posts may vary too little by chance.
MIN_SPREAD = 0.5

# (ratio to the creator's median, percentile) of 47,000 posts by 1,750 creators.
_CORPUS = (
    (0.13, 1.0),
    (0.28, 5.0),
    (0.38, 10.0),
    (0.60, 25.0),
    (1.0, 50.0),
    (1.7, 75.0),
    (3.5, 90.0),
    (6.3, 95.0),
    (22.0, 99.0),
)
CORPUS = tuple((math.log(ratio), place) for ratio, place in _CORPUS)
BREAKOUT_RATIO = 5.0  # one post in fifteen

# Fitted by `python -m tests.evaluation.followers` on 441 creators of tiktok_creators_2020.
# log(median views of a creator) = FOLLOWERS_INTERCEPT + FOLLOWERS_SLOPE * log(followers)
FOLLOWERS_INTERCEPT = -1.75
FOLLOWERS_SLOPE = 1.0
FOLLOWERS_CREATORS = 441
# Smaller accounts count as this large: only 1 % of that set's creators have fewer followers.
MIN_FOLLOWERS = 5_000
# Each row has the log views above the line, then quantiles of the log ratio to the creator's own
# median: 10 %, 50 %, 90 %. Most of the distance from the line is due to the creator, not the post.
FOLLOWERS_RATIO = (
    (-3.21, -2.21, -0.9, 0.01),
    (-2.11, -1.55, -0.71, 0.01),
    (-0.84, -0.99, -0.2, 0.43),
    (0.06, -0.75, -0.02, 0.88),
    (1.0, -0.38, 0.19, 1.32),
    (1.84, -0.08, 0.8, 2.16),
    (2.39, 0.09, 1.2, 2.47),
    (3.12, 0.73, 1.97, 3.31),
    (3.71, 1.51, 2.69, 4.42),
)

METHOD = "outlier-age-v1"
METHODS: dict[Basis, str] = {"creator_median": METHOD, "followers": "followers-age-v1"}

MIN_PEERS = 8


@dataclass(frozen=True, slots=True)
class Baseline:
    """`values` are the log of the final views of a creator's posts."""

    values: tuple[float, ...]
    log_median: float
    spread: float

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def error(self) -> float:
        """Standard error of the median. The last factor allows for few posts."""
        return 1.2533 * self.spread / math.sqrt(self.n) * math.sqrt(1 + 1 / self.n)


@dataclass(frozen=True, slots=True)
class Outlier:
    """The video has `ratio` times its creator's usual views; `low` to `high` is an 80 % interval.

    `n` counts the posts of the median, or the creators that the estimate was fitted on.
    """

    video: Video
    basis: Basis
    n: int
    ratio: float
    low: float
    high: float


def maturity(age_days: float) -> float:
    """The share of its final views that a post of this age has."""
    return (age_days + 0.3) / (age_days + HALF_GROWN_DAYS)


def age_days(video: Video, now: datetime) -> float | None:
    if video.created_at is None:
        return None
    return max(0.0, ((video.collected_at or now) - video.created_at).total_seconds() / 86_400)


def grown_log_views(video: Video, now: datetime) -> float | None:
    """Log of the estimated final views. None without views or date, and for bought views (ads)."""
    age = age_days(video, now)
    if age is None or not video.views or video.is_ad:
        return None
    return math.log(video.views / maturity(age))


def outliers(videos: Sequence[Video], now: datetime) -> dict[str, Outlier]:
    """Each post that has a baseline or known followers, by its ref."""
    by_author: defaultdict[str, list[Grown]] = defaultdict(list)
    for video in videos:
        if (value := grown_log_views(video, now)) is not None:
            by_author[video.author.ref].append((video, value))
    found = {}
    for posts in by_author.values():
        for video, value in posts:
            baseline = creator_baseline(video, posts)
            outlier = (
                by_median(video, value, baseline, now)
                if baseline is not None
                else by_followers(video, value, now)
            )
            if outlier is not None:
                found[video.ref] = outlier
    return found


def creator_baseline(video: Video, posts: Sequence[Grown]) -> Baseline | None:
    """The median of the creator's posts before this one; if too few, of those before and after."""
    others = [(o, value) for o, value in posts if o.ref != video.ref and not o.is_pinned]
    before = [(o, value) for o, value in others if _distance(o, video) <= 0]
    chosen = before if len(before) >= MINIMUM_POSTS else others
    if len(chosen) < MINIMUM_POSTS:
        return None
    nearest = sorted(chosen, key=lambda pair: abs(_distance(pair[0], video)))[:MAXIMUM_POSTS]
    values = tuple(value for _, value in nearest)
    return Baseline(values, median(values), max(MIN_SPREAD, robust_spread(values)))


def _distance(other: Video, video: Video) -> float:
    if other.created_at is None or video.created_at is None:
        return 0.0
    return (other.created_at - video.created_at).total_seconds()


def by_median(video: Video, value: float, baseline: Baseline, now: datetime) -> Outlier:
    """The interval covers the error of the median, and how the post may still grow."""
    log_ratio = value - baseline.log_median
    half = Z80 * math.hypot(baseline.error, _growth_error(video, now))
    low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
    return Outlier(video, "creator_median", baseline.n, math.exp(log_ratio), low, high)


def by_followers(video: Video, value: float, now: datetime) -> Outlier | None:
    """The ratio as estimated from the number of followers; None if that is unknown."""
    if video.author.followers is None:
        return None
    over = value - expected_log_views(video.author.followers)
    low, middle, high = (
        interpolated(over, [(knot[0], knot[place]) for knot in FOLLOWERS_RATIO])
        for place in (1, 2, 3)
    )
    growth = Z80 * _growth_error(video, now)
    return Outlier(
        video=video,
        basis="followers",
        n=FOLLOWERS_CREATORS,
        ratio=math.exp(middle),
        low=math.exp(middle - math.hypot(middle - low, growth)),
        high=math.exp(middle + math.hypot(high - middle, growth)),
    )


def expected_log_views(followers: int) -> float:
    """Log of the median views of a creator with so many followers."""
    return FOLLOWERS_INTERCEPT + FOLLOWERS_SLOPE * math.log(max(MIN_FOLLOWERS, followers))


def _growth_error(video: Video, now: datetime) -> float:
    return GROWTH_SPREAD * (1 - maturity(age_days(video, now) or 0.0))


def percentile(ratio: float) -> float:
    """How many of 100 posts have a lower ratio to their creator's median, from 1 to 99."""
    return interpolated(math.log(ratio), CORPUS)


def stands_out(subject: Video | None, outlier: Outlier | None, log: EvidenceLog) -> StandsOut:
    """`outlier` is the subject's comparison; None if there is nothing to compare it with."""
    if outlier is None:
        return StandsOut(
            value=None,
            band="insufficient_data",
            ratio=None,
            ratio_interval=None,
            interval=None,
            basis="none",
            basis_text=_why_unknown(subject),
            n=0,
            method=METHOD,
            evidence_ids=(),
        )
    paraphrase = f"The video has {times(outlier)} {basis_text(outlier)}."
    return StandsOut(
        value=round(percentile(outlier.ratio)),
        band=band(outlier),
        ratio=round(outlier.ratio, 2),
        ratio_interval=(round(outlier.low, 2), round(outlier.high, 2)),
        interval=(round(percentile(outlier.low)), round(percentile(outlier.high))),
        basis=outlier.basis,
        basis_text=basis_text(outlier),
        n=outlier.n,
        method=METHODS[outlier.basis],
        evidence_ids=(log.add("video", paraphrase, [outlier.video.ref], url=outlier.video.url),),
    )


def _why_unknown(subject: Video | None) -> str:
    if subject is None:
        return "there is no video to look at"
    if subject.is_ad:
        return "the video is an advertisement, and its views are bought"
    if not subject.views or subject.created_at is None:
        return "the source gives no views or no date of the video"
    return "neither enough other posts of its creator nor the creator's followers are known"


def times(outlier: Outlier) -> str:
    """ "4.2 times (2.1 to 8.4)", rounded as in the document. `basis_text` follows it."""
    ratio, low, high = (f"{round(n, 2):.1f}" for n in (outlier.ratio, outlier.low, outlier.high))
    about = "an estimated " if outlier.basis == "followers" else ""
    return f"{about}{ratio} times ({low} to {high})"


def basis_text(outlier: Outlier) -> str:
    if outlier.basis == "creator_median":
        return f"the median of {outlier.n} other posts of its creator, at equal age"
    return "what its creator usually gets, as the number of followers suggests it"


def band(outlier: Outlier) -> Band:
    """The band that the interval supports: typical if it includes 1."""
    if outlier.ratio >= BREAKOUT_RATIO and outlier.low >= 2:
        return "breakout"
    if outlier.low > 1:
        return "above"
    return "below" if outlier.high < 1 else "typical"


def saves_per_like(video: Video) -> float | None:
    return video.saves / video.likes if video.saves is not None and video.likes else None


def strangers(subject: Video, videos: Sequence[Video]) -> list[float]:
    """Saves per like of other creators' posts, one per creator, so that no creator dominates."""
    rates: dict[str, float] = {}
    for video in videos:
        rate = saves_per_like(video)
        if rate is not None and video.author.ref != subject.author.ref:
            rates.setdefault(video.author.ref, rate)
    return list(rates.values())


def still_growing(subject: Video | None, videos: Sequence[Video], log: EvidenceLog) -> StillGrowing:
    """Ranks the post's saves per like among other creators' posts. It predicts nothing."""
    if subject is None:
        return _not_shown("There is no video to look at.")
    rate, peers = saves_per_like(subject), strangers(subject, videos)
    if rate is None:
        return _not_shown("The source gives no saves or no likes of the video.")
    if len(peers) < MIN_PEERS:
        return _not_shown(
            f"This number needs posts of {MIN_PEERS} other creators with saves and likes; "
            f"{len(peers)} are known."
        )
    place, n = percentile_of(rate, peers), len(peers)
    low, high = (100 * end for end in wilson(place / 100, n, Z80))
    paraphrase = f"More saves per like than {place:.0f} % of posts by {n} other creators."
    return StillGrowing(
        status="shown",
        percentile=round(place, 1),
        interval=(round(low, 1), round(high, 1)),
        reason=(
            "Posts with more saves per like tended to grow more than their age explains. "
            "The tendency is weak, and says little about one post."
        ),
        basis_text=f"saves per like among posts by {n} other creators",
        n=n,
        evidence_ids=(log.add("video", paraphrase, [subject.ref], url=subject.url),),
    )


def _not_shown(reason: str) -> StillGrowing:
    return StillGrowing(
        status="not_shown",
        percentile=None,
        interval=None,
        reason=reason,
        basis_text="saves per like among posts by other creators",
        n=0,
        evidence_ids=(),
    )
