"""Does anything seen at first tell which videos grow more than their age explains?

Growth is mostly age, so the target is what is left of it within twenty bins of age. A model fitted
in folds of creators shows what is there to be known at all; it is not shipped. The shipped score is
judged as it is.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from tests.evaluation import data
from tests.evaluation.bars import Finding
from tests.evaluation.data import Pair
from workers.insights.evidence import EvidenceLog
from workers.insights.virality.drivers import engagement_rate, saves_place
from workers.insights.virality.score import age_days, outliers, score

Numbers = NDArray[np.float64]

AGE_BINS = 20
FOLDS = 5
REPEATS = 3
# Every video of this set says when it was seen, so no age is counted up to this.
SEEN_ALREADY = datetime(2025, 7, 1, tzinfo=UTC)


def judge(folder: Path) -> list[Finding]:
    pairs = data.pairs(folder)
    ages = np.array([_age_days(pair) for pair in pairs])
    target = _age_adjusted_growth(pairs, ages)
    top = target >= np.quantile(target, 0.8)
    rates = np.array([engagement_rate(pair.first) or 0.0 for pair in pairs])
    fitted, shipped = _fitted_in_folds(pairs, target), _shipped_scores(pairs)
    size = len(pairs)
    return [
        Finding(
            "growth_rank",
            _rank(fitted, target),
            size,
            f"engagement rate {_rank(rates, target):+.2f}, youth alone {_rank(-ages, target):+.2f}",
        ),
        Finding(
            "growth_top_fifth",
            float(roc_auc_score(top, fitted)),
            size,
            f"engagement rate {roc_auc_score(top, rates):.2f}, "
            f"youth alone {roc_auc_score(top, -ages):.2f}",
        ),
        _shipped(shipped, rates, target, top),
    ]


def _shipped(shipped: Numbers, rates: Numbers, target: Numbers, top: NDArray[np.bool_]) -> Finding:
    score_rank, rate_rank = _rank(shipped, target), _rank(rates, target)
    low, high = _difference_interval(shipped, rates, target)
    beside = (
        f"score {score_rank:+.2f}, engagement rate {rate_rank:+.2f}; 95 % of the difference "
        f"{low:+.2f} to {high:+.2f}; AUC of the score {roc_auc_score(top, shipped):.2f}"
    )
    return Finding("score_beats_engagement", score_rank - rate_rank, len(target), beside)


def _age_days(pair: Pair) -> float:
    return max(0.01, age_days(pair.first, SEEN_ALREADY) or 0.0)


def _age_adjusted_growth(pairs: list[Pair], ages: Numbers) -> Numbers:
    growth = np.array([math.log((p.second.views or 1) / (p.first.views or 1)) for p in pairs])
    edges = np.quantile(ages, np.linspace(0, 1, AGE_BINS + 1))
    bins = np.clip(np.searchsorted(edges, ages, side="right") - 1, 0, AGE_BINS - 1)
    for place in range(AGE_BINS):
        inside = bins == place
        if inside.any():
            growth[inside] -= np.median(growth[inside])
    return growth


def _fitted_in_folds(pairs: list[Pair], target: Numbers) -> Numbers:
    features = np.array([_features(pair) for pair in pairs])
    groups = [pair.first.author.ref for pair in pairs]
    predicted = np.zeros(len(pairs))
    for seed in range(REPEATS):
        folds = GroupKFold(FOLDS, shuffle=True, random_state=seed)
        for fit, test in folds.split(features, target, groups):
            model = GradientBoostingRegressor(
                n_estimators=150,
                learning_rate=0.04,
                subsample=0.5,
                max_features=0.5,
                random_state=seed,
            )
            predicted[test] += model.fit(features[fit], target[fit]).predict(features[test])
    return predicted


def _features(pair: Pair) -> list[float]:
    """Everything that the first look shows, and nothing of the second."""
    video = pair.first
    views, likes = float(video.views or 1), float(video.likes or 0)
    comments, shares, saves = (float(n or 0) for n in (video.comments, video.shares, video.saves))
    followers = float(video.author.followers or 0)
    age = _age_days(pair)
    return [
        math.log(age),
        math.log(views),
        math.log(views / age),
        math.log1p(followers),
        math.log(views / (followers + 1)),
        likes / views,
        comments / views,
        shares / views,
        saves / views,
        saves / (likes + 1),
        shares / (likes + 1),
        comments / (likes + 1),
        video.duration_seconds or 0.0,
        math.log1p(pair.sound_uses),
        float(pair.sound_is_original),
        float(len(video.hashtags)),
        float(len(video.text)),
        float(pair.hour),
    ]


def _shipped_scores(pairs: list[Pair]) -> Numbers:
    """Each video as the subject, the others as its niche: hardly a creator has two videos here."""
    videos = [pair.first for pair in pairs]
    now = max(video.collected_at for video in videos if video.collected_at)
    found = outliers(videos, now)
    values = []
    for video in videos:
        shipped = score(
            found.get(video.ref), saves_place(video, videos), EvidenceLog(b"evaluation")
        )
        values.append(float(shipped.value if shipped.value is not None else 50))
    return np.array(values)


def _rank(values: Numbers, target: Numbers) -> float:
    return float(spearmanr(values, target).statistic)


def _difference_interval(one: Numbers, other: Numbers, target: Numbers) -> tuple[float, float]:
    """Of the difference of two rank correlations, by drawing videos again."""
    chance = random.Random(1)
    size = len(target)
    found = []
    for _ in range(300):
        drawn = np.array(chance.choices(range(size), k=size))
        found.append(_rank(one[drawn], target[drawn]) - _rank(other[drawn], target[drawn]))
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
