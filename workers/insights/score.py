"""The score, 0 to 100: how many of a hundred posts do less against the same kind of baseline."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from workers.insights.shapes import Score

if TYPE_CHECKING:
    from workers.insights.baseline import Outlier
    from workers.insights.evidence import EvidenceLog
    from workers.insights.shapes import Band

METHOD = "outlier-age-v1"
# (percentile, ratio to the creator's median) of 47,000 posts by 1,750 creators.
CORPUS = (
    (1, 0.13),
    (5, 0.28),
    (10, 0.38),
    (25, 0.60),
    (50, 1.0),
    (75, 1.7),
    (90, 3.5),
    (95, 6.3),
    (99, 22.0),
)
BREAKOUT_RATIO = 5.0  # one post in fifteen


def percentile(ratio: float) -> float:
    """Between the quantiles on a log scale; the ends are open, so 1 and 99 are the limits."""
    if ratio <= CORPUS[0][1]:
        return 1.0
    for (left, low), (right, high) in pairwise(CORPUS):
        if ratio <= high:
            part = math.log(ratio / low) / math.log(high / low)
            return left + part * (right - left)
    return 99.0


def score(outlier: Outlier | None, log: EvidenceLog) -> Score:
    if outlier is None:
        return Score(
            value=None,
            band="insufficient_data",
            basis="none",
            basis_text="no video with views and a date, or too few others to compare it with",
            n=0,
            interval=None,
            method=METHOD,
            evidence_ids=(),
        )
    text = basis_text(outlier)
    paraphrase = f"The video has {outlier.ratio:.1f} times the views of {text}."
    return Score(
        value=round(percentile(outlier.ratio)),
        band=band(outlier),
        basis=outlier.baseline.basis,
        basis_text=text,
        n=outlier.baseline.n,
        interval=(round(percentile(outlier.low)), round(percentile(outlier.high))),
        method=METHOD,
        evidence_ids=(log.add("video", paraphrase, [outlier.video.ref], url=outlier.video.url),),
    )


def basis_text(outlier: Outlier) -> str:
    if outlier.baseline.basis == "creator_median":
        return f"the median of {outlier.baseline.n} other posts of its creator, at equal age"
    return f"the median of {outlier.baseline.n} other creators of its niche, at equal age"


def band(outlier: Outlier) -> Band:
    """Only what the interval carries: a ratio that could as well be one is called typical."""
    if outlier.ratio >= BREAKOUT_RATIO and outlier.low >= 2:
        return "breakout"
    if outlier.low > 1:
        return "above"
    return "below" if outlier.high < 1 else "typical"
