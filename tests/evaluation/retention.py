"""Does the kind of opening go with retention? `python -m tests.evaluation.retention DATA`.

As a command it prints `workers/insights/resources/retention.toml`: means only, no text. The
threshold judges each post by a table that was made without it.
"""

from __future__ import annotations

import math
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from tests.evaluation import data
from tests.evaluation.growth import described, interval
from tests.evaluation.thresholds import Finding
from workers.insights.statistics import Z95
from workers.insights.virality.hooks import NAMES, hook_type

Row = tuple[str, float]  # a caption, its retention

FEWEST = 30  # a kind with fewer posts has no mean of its own
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Pool:
    """Kinds that share one mean."""

    hooks: tuple[str, ...]
    mean: float
    ci95: tuple[float, float]
    n: int


def judge(folder: Path) -> list[Finding]:
    """Every post, as the product reads it: without a caption it has no hook."""
    rows = data.retention(folder)
    truth = np.array([retention for _, retention in rows])
    has_caption = np.array([bool(caption.strip()) for caption, _ in rows])
    predicted = np.array(in_folds([(caption, retention) for caption, retention in rows]))
    low, _ = interval(predicted, truth)
    with_caption = described(predicted[has_caption], truth[has_caption])
    beside = (
        f"{described(predicted, truth)}; with a caption (n = {sum(has_caption)}): {with_caption}"
    )
    return [Finding("retention_rank", low, len(rows), beside)]


def pools(rows: Iterable[Row]) -> list[Pool]:
    """The best first. Only posts with a caption count: without one nothing opens them.

    Rare kinds are one pool. What is no surer than having no hook is one pool, too.
    """
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for caption, retention in rows:
        if caption.strip():
            by_kind[hook_type(caption)].append(retention)
    without = _ci95(by_kind["none"])
    seen = [kind for kind in NAMES if kind != "none" and by_kind[kind]]
    rare: tuple[str, ...] = tuple(kind for kind in seen if len(by_kind[kind]) < FEWEST)
    groups = [rare, *((kind,) for kind in seen if kind not in rare)]
    sure: list[tuple[str, ...]] = []
    unsure: list[str] = []
    for kinds in groups:
        values = [value for kind in kinds for value in by_kind[kind]]
        if len(values) >= FEWEST and not _overlap(_ci95(values), without):
            sure.append(kinds)
        else:
            unsure += kinds
    found = []
    for kinds in (*sure, tuple(unsure), ("none",)):
        values = [value for kind in kinds for value in by_kind[kind]]
        if values:
            found.append(Pool(kinds, fmean(values), _ci95(values), len(values)))
    return sorted(found, key=lambda pool: -pool.mean)


def in_folds(rows: Sequence[Row]) -> list[float]:
    """The rank of each post's kind, by the posts of the other folds."""
    order = random.Random(0).sample(range(len(rows)), len(rows))
    predicted = [0.0] * len(rows)
    for fold in range(FOLDS):
        test = set(order[fold::FOLDS])
        table = pools(row for number, row in enumerate(rows) if number not in test)
        ranks = {kind: -float(place) for place, pool in enumerate(table) for kind in pool.hooks}
        for number in test:
            predicted[number] = ranks.get(hook_type(rows[number][0]), ranks["none"])
    return predicted


def _ci95(values: Sequence[float]) -> tuple[float, float]:
    half = Z95 * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def main(folder: Path) -> None:
    for pool in pools(data.retention(folder)):
        hooks = ", ".join(f'"{kind}"' for kind in pool.hooks)
        low, high = (round(min(2.0, end), 2) for end in pool.ci95)
        sys.stdout.write(
            f"[[pools]]\nhooks = [{hooks}]\nmean = {pool.mean:.2f}\n"
            f"ci95 = [{low}, {high}]\nn = {pool.n}\n\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
