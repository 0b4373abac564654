"""Statistics that sentiment and virality share. They need no numeric library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist, median

Z80 = NormalDist().inv_cdf(0.90)
Z95 = NormalDist().inv_cdf(0.975)


def effective_size(weights: Sequence[float]) -> float:
    """How many items of equal weight would give the same precision (Kish)."""
    return sum(weights) ** 2 / sum(w * w for w in weights)


def wilson(share: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a share. It holds near 0, near 1 and for small n."""
    if n <= 0:
        return 0.0, 1.0
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def robust_spread(values: Sequence[float]) -> float:
    """A standard deviation that outliers don't stretch: 1.4826 times the median deviation."""
    centre = median(values)
    return 1.4826 * median(abs(value - centre) for value in values)


def percentile_of(value: float, sample: Sequence[float]) -> float:
    """0 to 100; ties count half, so that the median of a sample is at 50."""
    below = sum(other < value for other in sample)
    equal = sum(other == value for other in sample)
    return 100 * (below + 0.5 * equal) / len(sample)


def interpolated(value: float, knots: Sequence[tuple[float, float]]) -> float:
    """Linear between the knots; beyond the ends, the value at the end."""
    if value <= knots[0][0]:
        return knots[0][1]
    for (left, low), (right, high) in pairwise(knots):
        if value <= right:
            return low + (value - left) / (right - left) * (high - low)
    return knots[-1][1]
