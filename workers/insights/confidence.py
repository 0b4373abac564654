"""How much to lean on a result, and why: a short list of conditions, each said aloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workers.insights.documents import Confidence, StandsOut
from workers.insights.sentiment.totals import Total


def of_sentiment(found: Total | None, n: int) -> Confidence:
    if found is None:
        return _insufficient(f"{n} comments could be read" if n else "no comments were collected")
    width = found.ci95[1] - found.ci95[0]
    return _rated(
        (n >= 100, f"{n} comments count"),
        (width <= 0.7, f"the total is known to ±{width / 2:.2f}"),
        (found.unsure_share <= 0.35, f"{found.unsure_share:.0%} of the labels are unsure"),
    )


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
    """A pack is as sure as the mean of what it rests on; nothing to rest on is no confidence."""
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
