"""The score, 0 to 100: how many of a hundred posts do less against the same kind of baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from workers.insights.baseline import Baseline, Outlier
from workers.insights.evidence import EvidenceLog
from workers.insights.statistics import Z80, percentile_of, wilson
from workers.insights.virality_shapes import Band, Score

METHOD = "outlier-age-v1"
CATEGORY_METHOD = "category-age-v1"
CATEGORY_SAVES_METHOD = "category-age-saves-v1"
UPPER_QUARTER, LOWER_QUARTER = 75, 25
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


def score(outlier: Outlier | None, saves_place: float | None, log: EvidenceLog) -> Score:
    """`saves_place` is the percentile of saves per like among peers, where the source has saves."""
    if outlier is None:
        return _insufficient()
    place = _Placed(outlier, saves_place)
    text = basis_text(outlier)
    paraphrase = f"The video has {outlier.ratio:.1f} times the views of {text}."
    return Score(
        value=round(place.of(outlier.ratio)),
        band=band(outlier),
        basis=outlier.baseline.basis,
        basis_text=text,
        n=outlier.baseline.n,
        interval=place.interval(),
        method=place.method,
        evidence_ids=(log.add("video", paraphrase, [outlier.video.ref], url=outlier.video.url),),
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """Reads a ratio as a percentile, the way the baseline allows."""

    outlier: Outlier
    saves_place: float | None

    @property
    def method(self) -> str:
        if self.outlier.baseline.basis == "creator_median":
            return METHOD
        return CATEGORY_METHOD if self.saves_place is None else CATEGORY_SAVES_METHOD

    def of(self, ratio: float) -> float:
        """Among other creators, views alone tell the size of the account; saves per like is the
        one public ratio that went with later growth, so it counts as much."""
        if self.outlier.baseline.basis == "creator_median":
            return percentile(ratio)
        views_place = category_percentile(self.outlier.baseline, ratio)
        return views_place if self.saves_place is None else (views_place + self.saves_place) / 2

    def interval(self) -> tuple[int, int]:
        """A place among few creators is itself uncertain: the 80 % interval of a share is added."""
        low, high = self.of(self.outlier.low), self.of(self.outlier.high)
        if self.outlier.baseline.basis == "category":
            n = self.outlier.baseline.n
            low = 100 * wilson(low / 100, n, Z80)[0]
            high = 100 * wilson(high / 100, n, Z80)[1]
        return round(low), round(high)


def category_percentile(baseline: Baseline, ratio: float) -> float:
    return percentile_of(baseline.log_median + math.log(ratio), baseline.values)


def _insufficient() -> Score:
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


def basis_text(outlier: Outlier) -> str:
    if outlier.baseline.basis == "creator_median":
        return f"the median of {outlier.baseline.n} other posts of its creator, at equal age"
    return f"the median of {outlier.baseline.n} other creators of its niche, at equal age"


def band(outlier: Outlier) -> Band:
    """Only what the interval carries: a ratio that could as well be one is called typical."""
    if outlier.baseline.basis == "category":
        return _category_band(outlier)
    if outlier.ratio >= BREAKOUT_RATIO and outlier.low >= 2:
        return "breakout"
    if outlier.low > 1:
        return "above"
    return "below" if outlier.high < 1 else "typical"


def _category_band(outlier: Outlier) -> Band:
    """Never a breakout: without its creator's own posts a large account looks like one."""
    low = category_percentile(outlier.baseline, outlier.low)
    high = category_percentile(outlier.baseline, outlier.high)
    return "above" if low > UPPER_QUARTER else "below" if high < LOWER_QUARTER else "typical"
