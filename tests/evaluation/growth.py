"""Do posts with more saves per like grow more than their age explains?

Growth is mostly age, so the target is what is left of it within twenty bins of age. Only the
held-out half of the creators counts. Each video is placed as the product places it: among a few
posts of other creators.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tests.evaluation import data
from tests.evaluation.data import Pair
from tests.evaluation.thresholds import Finding
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.drivers import engagement_rate
from workers.insights.virality.stands_out import age_days, still_growing

Numbers = NDArray[np.float64]

AGE_BINS = 20
PEERS = 30  # as many strangers as an analysis usually collects
DRAWS = 2000
SHUFFLES = 20
# Every video of this set says when it was seen, so no age is counted up to this.
SEEN_ALREADY = datetime(2025, 7, 1, tzinfo=UTC)


def judge(folder: Path) -> list[Finding]:
    pairs = [p for p in data.pairs(folder) if data.is_held_out(p.first.author.ref)]
    target = _age_adjusted_growth(pairs)
    videos = [pair.first for pair in pairs]
    shown = _shown_places(videos)
    low, _ = interval(shown, target)
    rates = np.array([engagement_rate(video) or 0.0 for video in videos])
    views = np.array([float(video.views or 0) for video in videos])
    ages = np.array([_age_days(pair) for pair in pairs])
    beside = (
        f"{described(shown, target)}; engagement rate {correlation(rates, target):+.3f}, "
        f"views {correlation(views, target):+.3f}, youth {correlation(-ages, target):+.3f}"
    )
    return [Finding("still_growing_rank", low, len(pairs), beside)]


def correlation(values: Numbers, target: Numbers) -> float:
    """Spearman's."""
    return float(spearmanr(values, target).statistic)


def interval(values: Numbers, target: Numbers) -> tuple[float, float]:
    """95 % of the rank correlation, by drawing rows again."""
    chance = np.random.default_rng(1)
    drawn = (chance.integers(0, len(target), len(target)) for _ in range(DRAWS))
    found = [correlation(values[rows], target[rows]) for rows in drawn]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def described(values: Numbers, target: Numbers) -> str:
    """The correlation with its interval, beside what a constant and shuffled values reach."""
    low, high = interval(values, target)
    chance = np.random.default_rng(2)
    shuffled = [correlation(chance.permutation(values), target) for _ in range(SHUFFLES)]
    return (
        f"correlation {correlation(values, target):+.3f}, 95 % {low:+.3f} to {high:+.3f}; "
        f"constant 0, shuffled {fmean(shuffled):+.3f}"
    )


def _shown_places(videos: list[Video]) -> Numbers:
    chance = random.Random(1)
    places = []
    for video in videos:
        peers = chance.sample(videos, PEERS + 1)
        found = still_growing(video, peers, EvidenceLog(b"evaluation"))
        places.append(50.0 if found.percentile is None else found.percentile)
    return np.array(places)


def _age_days(pair: Pair) -> float:
    return max(0.01, age_days(pair.first, SEEN_ALREADY) or 0.0)


def _age_adjusted_growth(pairs: list[Pair]) -> Numbers:
    ages = np.array([_age_days(pair) for pair in pairs])
    growth = np.array([math.log((p.second.views or 1) / (p.first.views or 1)) for p in pairs])
    edges = np.quantile(ages, np.linspace(0, 1, AGE_BINS + 1))
    bins = np.clip(np.searchsorted(edges, ages, side="right") - 1, 0, AGE_BINS - 1)
    for place in range(AGE_BINS):
        inside = bins == place
        if inside.any():
            growth[inside] -= np.median(growth[inside])
    return growth
