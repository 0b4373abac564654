"""What a creator's own record supports: baselines, their intervals, hashtags, hours.

Judged on creators with a long record, always on posts that the judged number was not made from,
or, for the interval of a ratio, against the creator's whole record.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median

import numpy as np
from scipy.stats import spearmanr

from tests.evaluation import data
from tests.evaluation.bars import Finding
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.statistics import Z95
from workers.insights.virality.drivers import RATES
from workers.insights.virality.lifts import CREATOR_SPREAD, hashtags
from workers.insights.virality.score import (
    Outlier,
    creator_baseline,
    grown_log_views,
    measured,
    outliers,
)
from workers.insights.virality.timing import timing

Post = tuple[Video, float]

NOW = datetime(2020, 12, 1, tzinfo=UTC)
BASELINE_SIZES = (5, 10)  # below half of a record, so that the rest is a truth of its own
DRAWS = 3
SPLITS = 4


def judge(folder: Path) -> list[Finding]:
    creators = data.creators(folder)
    found = {author: outliers(videos, NOW) for author, videos in creators.items()}
    return [
        *_baselines(creators),
        _shares(creators, found),
        _hashtags(found),
        _timing(creators, found),
    ]


def _baselines(creators: dict[str, list[Video]]) -> list[Finding]:
    held: defaultdict[int, list[bool]] = defaultdict(list)
    errors: defaultdict[int, list[float]] = defaultdict(list)
    chance = random.Random(1)
    for videos in creators.values():
        for size, outlier, truth in _trials(videos, chance):
            held[size].append(outlier.low <= math.exp(truth) <= outlier.high)
            errors[size].append(abs(outlier.log_ratio - truth))
    everything = [hit for hits in held.values() for hit in hits]
    by_size = ", ".join(f"{fmean(hits):.1%} with {size} posts" for size, hits in held.items())
    factors = {size: math.exp(median(values)) for size, values in errors.items()}
    return [
        Finding("interval_coverage", fmean(everything), len(everything), by_size),
        Finding("baseline_of_five", factors[5], len(errors[5]), f"of ten posts: {factors[10]:.2f}"),
    ]


def _trials(videos: list[Video], chance: random.Random) -> Iterator[tuple[int, Outlier, float]]:
    """A post, its baseline of the `size` posts before it, and its ratio to all other posts."""
    posts = [(v, value) for v in videos if (value := grown_log_views(v, NOW)) is not None]
    for size in BASELINE_SIZES:
        for _ in range(DRAWS if len(posts) >= 2 * size + 4 else 0):
            place = chance.randrange(size, len(posts))
            video, value = posts[place]
            baseline = creator_baseline(video, posts[place - size : place + 1])
            others = [other for number, (_, other) in enumerate(posts) if number != place]
            if baseline is not None:
                yield size, measured(video, value, baseline, NOW), value - median(others)


def _shares(creators: dict[str, list[Video]], found: dict[str, dict[str, Outlier]]) -> Finding:
    within: dict[str, list[float]] = {"share_rate": [], "comment_rate": [], "engagement_rate": []}
    for author, videos in creators.items():
        for name, ranks in within.items():
            pairs = [
                (rate, found[author][video.ref].log_ratio)
                for video in videos
                if video.ref in found[author] and (rate := RATES[name](video)) is not None
            ]
            if len(pairs) >= 10 and len({rate for rate, _ in pairs}) > 1:
                ranks.append(float(spearmanr(*zip(*pairs, strict=True)).statistic))
    means = {name: float(np.nanmean(ranks)) for name, ranks in within.items()}
    beside = f"comments {means['comment_rate']:+.2f}, engagement {means['engagement_rate']:+.2f}"
    return Finding(
        "outlier_explained_by_shares", means["share_rate"], len(within["share_rate"]), beside
    )


def _hashtags(found: dict[str, dict[str, Outlier]]) -> Finding:
    """Shown on one half of the creators, looked up on the other."""
    authors, chance = sorted(found), random.Random(2)
    hits: list[bool] = []
    raw_lifts: list[float] = []
    shown_lifts: list[float] = []
    true_lifts: list[float] = []
    for _ in range(SPLITS):
        chance.shuffle(authors)
        middle = len(authors) // 2
        advice = hashtags(_together(found, authors[:middle]), EvidenceLog(b"evaluation"))
        truths = _tag_lifts(_together(found, authors[middle:]))
        for tag in advice:
            if tag.tag in truths:
                lift, error = truths[tag.tag]
                low, high = (math.log(end) for end in tag.lift_ci)
                half = math.hypot((high - low) / 2, Z95 * error)
                hits.append(abs(math.log(tag.lift) - lift) <= half)
                raw_lifts.append(math.log(tag.raw_lift))
                shown_lifts.append(math.log(tag.lift))
                true_lifts.append(lift)
    raw, shown_as, held_out = (
        math.exp(fmean(lifts)) for lifts in (raw_lifts, shown_lifts, true_lifts)
    )
    beside = f"raw lift {raw:.2f}, shown as {shown_as:.2f}, on the other half {held_out:.2f}"
    return Finding("hashtag_lift", fmean(hits), len(hits), beside)


def _together(found: dict[str, dict[str, Outlier]], authors: list[str]) -> dict[str, Outlier]:
    return {ref: outlier for author in authors for ref, outlier in found[author].items()}


def _tag_lifts(found: dict[str, Outlier]) -> dict[str, tuple[float, float]]:
    """Plain mean over creators, with its standard error: the other half is a sample too."""
    usual = fmean(outlier.log_ratio for outlier in found.values())
    groups: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for outlier in found.values():
        for tag in set(outlier.video.hashtags):
            groups[tag][outlier.video.author.ref].append(outlier.log_ratio - usual)
    return {
        tag: (
            fmean(fmean(values) for values in authors.values()),
            CREATOR_SPREAD / math.sqrt(len(authors)),
        )
        for tag, authors in groups.items()
        if len(authors) >= 5
    }


def _timing(creators: dict[str, list[Video]], found: dict[str, dict[str, Outlier]]) -> Finding:
    told = [timing(found[author], author) for author in creators]
    enough = [answer for answer in told if answer.n >= 30]
    share = fmean(answer.supported for answer in enough) if enough else 0.0
    beside = f"{len(creators) - len(enough)} creators have too few posts to be told anything"
    return Finding("timing_claims", share, len(enough), beside)
