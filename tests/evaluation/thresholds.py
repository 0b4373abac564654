"""A threshold: what was measured, what it must reach, what stands beside it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured value, named like its entry in thresholds.toml; or why there is none."""

    threshold: str
    value: float | None
    n: int = 0
    beside: str = ""  # baselines and intervals, as they are printed
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What thresholds.toml says. `missed` is the value of a threshold that is not reached yet."""

    area: str
    what: str
    low: float | None
    high: float | None
    missed: float | None = None

    @property
    def asked(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.high is not None else "reported"


def read_thresholds() -> dict[str, Threshold]:
    text = Path(__file__).with_name("thresholds.toml").read_text("utf-8")
    return {name: _threshold(raw) for name, raw in tomllib.loads(text).items()}


def _threshold(raw: dict[str, Any]) -> Threshold:
    low, high = raw.get("between", (raw.get("at_least"), raw.get("at_most")))
    return Threshold(raw["area"], raw["what"], low, high, raw.get("missed"))


TOLERANCE = 0.002  # of a missed threshold: other processors round otherwise


def falls_short(finding: Finding, threshold: Threshold) -> bool:
    """A skipped threshold neither passes nor fails: it is printed with its reason.

    A threshold that is known to be missed fails only if the value got worse.
    """
    if not is_missed(finding, threshold):
        return False
    if threshold.missed is None or finding.value is None:
        return True
    lost = (
        threshold.missed - finding.value
        if threshold.low is not None
        else finding.value - threshold.missed
    )
    return lost > TOLERANCE


def is_missed(finding: Finding, threshold: Threshold) -> bool:
    """Whether the value lies beyond the threshold."""
    if finding.value is None:
        return False
    below = threshold.low is not None and finding.value < threshold.low
    return below or (threshold.high is not None and finding.value > threshold.high)
