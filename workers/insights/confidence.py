"""The confidence of a result: a level, a score, and the conditions behind them as reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workers.insights.documents import Confidence, StandsOut
from workers.insights.sentiment import totals
from workers.insights.sentiment.totals import Total

Level = Literal["high", "medium", "low", "insufficient_data"]


# The score of each level of a total, within the bounds of `_level`.
_SCORES: dict[Level, float] = {"high": 1.0, "medium": 0.6, "low": 0.3, "insufficient_data": 0.0}


def of_sentiment(found: Total | None, counted: str, *, is_calibrated: bool) -> Confidence:
    """`counted` is a count in words. Without a calibrated scorer the level is not "high"."""
    if found is None:
        return _insufficient(f"{counted} could be read")
    low, high = found.net_ci95
    level = totals.confidence(found)
    reasons = [
        f"{counted} count" if found.n != 1 else f"{counted} counts",
        f"the net lies between {low:+.2f} and {high:+.2f}",
    ]
    if not found.is_telling:
        reasons.append("that interval leaves open whether good or bad prevails")
    if not is_calibrated:
        level = "medium" if level == "high" else level
        reasons.append("how often the labels err was not measured")
    return Confidence(level=level, score=_SCORES[level], reasons=tuple(reasons))


def of_virality(found: StandsOut) -> Confidence:
    if found.value is None or found.interval is None:
        return _insufficient("there is nothing to compare the video with")
    low, high = found.interval
    sure = (high - low <= 30, f"its place is between {low} and {high} of 100")
    if found.basis == "followers":
        estimated = "estimated from followers, for want of its creator's own posts"
        return _rated((False, estimated), sure)
    return _rated(
        (True, "compared with its creator's own posts"),
        (found.n >= 10, f"the median rests on {found.n} posts"),
        sure,
    )


def combined(parts: Sequence[Confidence]) -> Confidence:
    """The mean of the parts' scores. If no part has data, the level is insufficient_data."""
    reasons = tuple(reason for part in parts for reason in part.reasons)
    usable = [part for part in parts if part.level != "insufficient_data"]
    if not usable:
        return Confidence(level="insufficient_data", score=0.0, reasons=reasons)
    value = sum(part.score for part in parts) / len(parts)
    return Confidence(level=_level(value), score=round(value, 2), reasons=reasons)


def _rated(*conditions: tuple[bool, str]) -> Confidence:
    value = sum(met for met, _ in conditions) / len(conditions)
    reasons = tuple(reason for _, reason in conditions)
    return Confidence(level=_level(value), score=round(value, 2), reasons=reasons)


def _level(value: float) -> Literal["high", "medium", "low"]:
    return "high" if value >= 0.9 else "medium" if value >= 0.5 else "low"


def _insufficient(reason: str) -> Confidence:
    return Confidence(level="insufficient_data", score=0.0, reasons=(reason,))
