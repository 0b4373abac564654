"""Samples to rows (median, minimum, maximum, ratio to ours), rows to JSON and to a table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks.jobs.plan import OURS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.jobs.measure import Sample

# Of each measured number: what it is called in the table, and its unit.
UNITS = {
    "one_connection": "jobs/s",
    "eight_connections": "jobs/s",
    "bulk": "jobs/s",
    "with_business_row": "jobs/s",
    "jobs_per_second": "jobs/s",
    "commits_per_job": "commits",
    "wal_bytes_per_job": "bytes",
    "efficiency": "of the ideal",
    "p50_ms": "ms",
    "p99_ms": "ms",
    "max_ms": "ms",
    "median_ms": "ms",
    "longest_ms": "ms",
}


@dataclass(frozen=True)
class Row:
    """A number of a system: the median of its repeats and how far they lie apart."""

    case: str
    system: str
    metric: str
    value: float
    minimum: float
    maximum: float
    repeats: int
    ratio_to_ours: float | None
    foreign_share: float

    @property
    def unit(self) -> str:
        return UNITS[self.metric]

    def as_json(self) -> dict[str, Any]:
        """As docs/benchmarks/jobs.json has it."""
        return {
            "case": self.case,
            "system": self.system,
            "metric": self.metric,
            "value": _rounded(self.value),
            "unit": self.unit,
            "ratio_to_ours": None if self.ratio_to_ours is None else _rounded(self.ratio_to_ours),
            "minimum": _rounded(self.minimum),
            "maximum": _rounded(self.maximum),
            "repeats": self.repeats,
            "foreign_cpu": round(self.foreign_share, 3),
        }


def rows(samples: Iterable[Sample]) -> list[Row]:
    """One row per case, system and metric, in the order of the samples."""
    values: dict[tuple[str, str, str], list[float]] = {}
    foreign: dict[tuple[str, str, str], list[float]] = {}
    for sample in samples:
        for metric, value in sample.numbers.items():
            key = sample.case, metric, sample.system
            values.setdefault(key, []).append(value)
            foreign.setdefault(key, []).append(sample.foreign_share)
    medians = {key: statistics.median(of_key) for key, of_key in values.items()}
    return [
        Row(
            case,
            system,
            metric,
            medians[key],
            min(values[key]),
            max(values[key]),
            len(values[key]),
            _ratio(medians[key], medians.get((case, metric, OURS))),
            max(foreign[key]),
        )
        for key in values
        for case, metric, system in [key]
    ]


def environment_rows(facts: dict[str, str]) -> list[dict[str, Any]]:
    """Versions, machine and date, in the same shape, at the head of the file."""
    return [
        {
            "case": "environment",
            "system": name,
            "metric": "version",
            "value": value,
            "unit": "",
            "ratio_to_ours": None,
        }
        for name, value in facts.items()
    ]


def markdown(measured: list[Row]) -> str:
    """A table per case and metric, ours first."""
    parts = []
    for case, metric in dict.fromkeys((row.case, row.metric) for row in measured):
        group = [row for row in measured if (row.case, row.metric) == (case, metric)]
        parts.append(f"### {case}: {metric} ({group[0].unit})\n")
        parts.append("| system | median | min | max | repeats | ratio to ours |")
        parts.append("| --- | ---: | ---: | ---: | ---: | ---: |")
        parts.extend(_line(row) for row in group)
        parts.append("")
    return "\n".join(parts)


def _line(row: Row) -> str:
    ratio = "" if row.ratio_to_ours is None else f"{row.ratio_to_ours:.2f}"
    numbers = " | ".join(_readable(value) for value in (row.value, row.minimum, row.maximum))
    return f"| {row.system} | {numbers} | {row.repeats} | {ratio} |"


def _ratio(value: float, ours: float | None) -> float | None:
    return value / ours if ours else None


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
