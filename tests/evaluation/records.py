"""What is known of how far posts stand out: by their creators' own posts, and by followers.

Always judged on creators, or on posts, that the judged number was not made from.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from tests.evaluation import data
from tests.evaluation.followers import NOW, Judged, judged
from tests.evaluation.thresholds import Finding
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.comparables import STANDOUT_RATIO, comparables
from workers.insights.virality.drivers import RATES
from workers.insights.virality.stands_out import (
    BREAKOUT_RATIO,
    Outlier,
    by_followers,
    by_median,
    creator_baseline,
    grown_log_views,
    outliers,
)

BASELINE_SIZES = (5, 10)  # below half of a record, so that the rest is a truth of its own
DRAWS = 3
SHUFFLES = 20
NICHES, NICHE_SIZE = 300, 60


def judge(folder: Path) -> list[Finding]:
    creators = data.creators(folder)
    strangers = [
        post
        for author, videos in creators.items()
        if data.is_held_out(author)
        for post in judged(videos)
        if post.video.author.followers is not None
    ]
    return [
        *_baselines(creators),
        _shares(creators),
        *_followers(strangers),
        _comparables(strangers),
    ]


def _baselines(creators: dict[str, list[Video]]) -> list[Finding]:
    chance = random.Random(1)
    trials = [trial for videos in creators.values() for trial in _trials(videos, chance)]
    truths = [truth for _, _, truth in trials]
    shuffled = random.Random(2).sample(truths, len(truths))
    constant = [_moved_to_one(outlier) for _, outlier, _ in trials]
    held: defaultdict[int, list[bool]] = defaultdict(list)
    errors: defaultdict[int, list[float]] = defaultdict(list)
    for size, outlier, truth in trials:
        held[size].append(_holds(outlier, truth))
        errors[size].append(abs(math.log(outlier.ratio) - truth))
    everything = [hit for hits in held.values() for hit in hits]
    by_size = ", ".join(f"{fmean(hits):.1%} with {size} posts" for size, hits in held.items())
    factors = {size: math.exp(median(values)) for size, values in errors.items()}
    return [
        Finding(
            "interval_coverage",
            fmean(everything),
            len(everything),
            f"{by_size}; constant ratio of 1, as wide: {_share_held(constant, truths):.1%}, "
            f"shuffled {_share_held([o for _, o, _ in trials], shuffled):.1%}",
        ),
        Finding(
            "baseline_of_five",
            factors[5],
            len(errors[5]),
            f"of ten posts: {factors[10]:.2f}; constant {_typical(truths, [0.0] * len(truths))}, "
            f"shuffled {_typical(truths, shuffled)}",
        ),
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
                yield size, by_median(video, value, baseline, NOW), value - median(others)


def _moved_to_one(outlier: Outlier) -> Outlier:
    return replace(
        outlier, ratio=1.0, low=outlier.low / outlier.ratio, high=outlier.high / outlier.ratio
    )


def _holds(outlier: Outlier, truth: float) -> bool:
    return outlier.low <= math.exp(truth) <= outlier.high


def _share_held(found: Sequence[Outlier], truths: Sequence[float]) -> float:
    return fmean(_holds(outlier, truth) for outlier, truth in zip(found, truths, strict=True))


def _typical(truths: Sequence[float], others: Sequence[float]) -> str:
    errors = [abs(truth - other) for truth, other in zip(truths, others, strict=True)]
    return f"{math.exp(median(errors)):.2f}"


def _shares(creators: dict[str, list[Video]]) -> Finding:
    """The one reading that a driver gives: within a creator's posts, shares go with views."""
    chance = np.random.default_rng(1)
    within: dict[str, list[float]] = {"share_rate": [], "comment_rate": [], "engagement_rate": []}
    shuffled = []
    for videos in creators.values():
        found = outliers(videos, NOW)
        for name, ranks in within.items():
            pairs = [
                (rate, math.log(found[video.ref].ratio))
                for video in videos
                if video.ref in found and (rate := RATES[name](video)) is not None
            ]
            if len(pairs) >= 10 and len({rate for rate, _ in pairs}) > 1:
                rates, ratios = zip(*pairs, strict=True)
                ranks.append(float(spearmanr(rates, ratios).statistic))
                if name == "share_rate":
                    mixed = chance.permutation(rates)
                    shuffled.append(float(spearmanr(mixed, ratios).statistic))
    means = {name: float(np.nanmean(ranks)) for name, ranks in within.items()}
    beside = (
        f"constant 0, shuffled {np.nanmean(shuffled):+.3f}; "
        f"comments {means['comment_rate']:+.2f}, engagement {means['engagement_rate']:+.2f}"
    )
    return Finding("shares_rank", means["share_rate"], len(within["share_rate"]), beside)


def _followers(strangers: list[Judged]) -> list[Finding]:
    """Creators that the estimate was not fitted on, each post as if it were the only one known."""
    found = [by_followers(post.video, post.value, NOW) for post in strangers]
    rows = [(o, post) for o, post in zip(found, strangers, strict=True) if o is not None]
    truths = [post.truth for _, post in rows]
    outlying = [truth >= math.log(BREAKOUT_RATIO) for truth in truths]
    ratios = [o.ratio for o, _ in rows]
    views = [post.value for _, post in rows]
    mixed = random.Random(1).sample(ratios, len(ratios))
    standing = [(o, post.truth) for o, post in rows if o.low > 1 and o.ratio >= STANDOUT_RATIO]
    told = [truth for _, truth in standing]
    low, high = np.quantile(truths, [0.1, 0.9])
    anyone = fmean(low <= truth <= high for truth in told)
    everybody = _share_held([o for o, _ in rows], truths)
    shuffled = random.Random(2).sample(truths, len(standing))
    return [
        Finding(
            "stands_out_auc",
            float(roc_auc_score(outlying, ratios)),
            len(rows),
            f"constant 0.5, shuffled {roc_auc_score(outlying, mixed):.3f}; "
            f"views alone {roc_auc_score(outlying, views):.3f}; {fmean(outlying):.1%} are outliers",
        ),
        Finding(
            "followers_interval",
            _share_held([o for o, _ in standing], told),
            len(standing),
            f"constant interval {anyone:.1%}, "
            f"shuffled {_share_held([o for o, _ in standing], shuffled):.1%}; "
            f"of all {len(rows):,} posts {everybody:.1%}",
        ),
    ]


def _comparables(strangers: list[Judged]) -> Finding:
    """Niches of strangers, one post of each creator, through the code that shows comparables."""
    by_author: defaultdict[str, list[Judged]] = defaultdict(list)
    for post in strangers:
        by_author[post.video.author.ref].append(post)
    chance = random.Random(1)
    shown, by_views, by_chance, by_mixed = [], [], [], []
    for _ in range(NICHES):
        authors = chance.sample(sorted(by_author), NICHE_SIZE)
        niche = [chance.choice(by_author[author]) for author in authors]
        videos = [post.video for post in niche]
        truths = {post.video.ref: post.truth >= math.log(STANDOUT_RATIO) for post in niche}
        five = _chosen(videos)
        shown += [truths[ref] for ref in five]
        most_viewed = sorted(niche, key=lambda post: -post.value)[: len(five)]
        by_views += [truths[post.video.ref] for post in most_viewed]
        by_chance += [truths[post.video.ref] for post in chance.sample(niche, len(five))]
        by_mixed += [truths[ref] for ref in _chosen(_with_mixed_followers(videos, chance))]
    beside = (
        f"{len(shown) / NICHES:.1f} a niche; constant (any posts) {fmean(by_chance):.1%}, "
        f"shuffled followers {fmean(by_mixed):.1%}, most views {fmean(by_views):.1%}"
    )
    return Finding("comparables_true", fmean(shown), len(shown), beside)


def _chosen(videos: list[Video]) -> list[str]:
    """Refs of the comparables, by the ratio and the length that they show."""
    found = outliers(videos, NOW)
    log = EvidenceLog(b"evaluation")
    shown = comparables({ref: _named(outlier) for ref, outlier in found.items()}, None, log)
    return [(item.url or "").rpartition("/")[2] for item in shown]


def _named(outlier: Outlier) -> Outlier:
    """With a link that carries the ref, since a comparable names its post by a link only."""
    link = f"https://www.tiktok.com/@a/video/{outlier.video.ref}"
    return replace(outlier, video=replace(outlier.video, url=link))


def _with_mixed_followers(videos: list[Video], chance: random.Random) -> list[Video]:
    mixed = chance.sample([video.author.followers for video in videos], len(videos))
    return [
        replace(video, author=replace(video.author, followers=followers))
        for video, followers in zip(videos, mixed, strict=True)
    ]
