"""A row of the benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A number of a system: the median of its repeats and how far they lie apart."""

    case: str
    system: str
    metric: str
    value: float
    unit: str
    ratio_to_ours: float | None
    minimum: float
    maximum: float
    repeats: int
    foreign_cpu: float
    measured_at: str
