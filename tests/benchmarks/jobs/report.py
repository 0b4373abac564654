"""Samples to rows (median, minimum, maximum, ratio to ours), rows to JSON and to tables."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.jobs.measure import Sample
from tests.benchmarks.jobs.row import Row
from tests.benchmarks.jobs.targets import Verdict

_ENVIRONMENT = "environment"
# The unit of each measured number; those with a size in their name come last.
_UNITS = {
    "one_connection": "jobs/s",
    "eight_connections": "jobs/s",
    "bulk": "jobs/s",
    "with_business_row": "jobs/s",
    "jobs_per_second": "jobs/s",
    "rate_before": "jobs/s",
    "rate_at_end": "jobs/s",
    "commits_per_job": "commits",
    "wal_bytes_per_job": "bytes",
    "cpu_us_per_job": "µs",
    "dead_rows": "rows",
    "slots_held": "jobs",
    "efficiency": "of the ideal",
    "kept": "of the rate before",
    "times_alone": "times",
    "failures": "requests",
    "requests_per_second": "requests/s",
    "screens_per_second": "screens/s",
    "cpu_us_per_request": "µs",
    "cpu_us_per_screen": "µs",
}


def rows(samples: Iterable[Sample], measured_at: str) -> list[Row]:
    """One row per case, metric and system, in the order of the samples."""
    groups: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for sample in samples:
        for metric, value in sample.numbers.items():
            systems = groups.setdefault((sample.case, metric), {})
            systems.setdefault(sample.system, []).append((value, sample.foreign_share))
    return [
        row
        for (case, metric), systems in groups.items()
        for row in _group(case, metric, systems, measured_at)
    ]


def save(path: Path, facts: dict[str, str], measured: list[Row]) -> None:
    """A list of rows, a line each; versions, machine and date lead it in the same shape."""
    head = [
        {
            "case": _ENVIRONMENT,
            "system": name,
            "metric": "version",
            "value": value,
            "unit": "",
            "ratio_to_ours": None,
        }
        for name, value in facts.items()
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in (*head, *map(_as_json, measured))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def load(path: Path) -> list[Row]:
    """The measured rows of an earlier run; none if there was none."""
    if not path.exists():
        return []
    return [Row(**row) for row in json.loads(path.read_text()) if row["case"] != _ENVIRONMENT]


def merged(earlier: list[Row], now: list[Row]) -> list[Row]:
    """The rows of this run, and of earlier ones for cases that this run left out."""
    fresh = {row.case for row in now}
    return [*now, *(row for row in earlier if row.case not in fresh)]


def tables(measured: list[Row]) -> str:
    """A table per case and metric, ours first."""
    parts = []
    for case, metric in dict.fromkeys((row.case, row.metric) for row in measured):
        group = [row for row in measured if (row.case, row.metric) == (case, metric)]
        parts.append(f"### {case}: {metric.replace('_', ' ')} ({group[0].unit})\n")
        parts.append("| system | median | min | max | repeats | ratio to ours | foreign CPU |")
        parts.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        parts.extend(_line(row) for row in group)
        parts.append("")
    return "\n".join(parts)


def verdicts(judged: list[Verdict]) -> str:
    """The targets as a table."""
    head = "| target | limit | measured | |\n| --- | ---: | ---: | --- |\n"
    return head + "\n".join(map(str, judged)) + "\n"


def _group(
    case: str, metric: str, systems: dict[str, list[tuple[float, float]]], measured_at: str
) -> list[Row]:
    medians = {
        system: statistics.median(value for value, _ in runs) for system, runs in systems.items()
    }
    # Ours is measured first in every case; where it was not asked for, there is no ratio.
    baseline = next((value for name, value in medians.items() if name.startswith("ours")), 0.0)
    return [
        Row(
            case,
            system,
            metric,
            medians[system],
            unit(metric),
            medians[system] / baseline if baseline else None,
            min(value for value, _ in runs),
            max(value for value, _ in runs),
            len(runs),
            max(share for _, share in runs),
            measured_at,
        )
        for system, runs in systems.items()
    ]


def unit(metric: str) -> str:
    """What a number counts."""
    if metric in _UNITS:
        return _UNITS[metric]
    if metric.endswith("_ms") or "_ms_" in metric:
        return "ms"
    raise KeyError(f"{metric} has no unit")


def _as_json(row: Row) -> dict[str, Any]:
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in asdict(row).items()
    }


def _line(row: Row) -> str:
    ratio = "" if row.ratio_to_ours is None else f"{row.ratio_to_ours:.2f}"
    numbers = " | ".join(_readable(value) for value in (row.value, row.minimum, row.maximum))
    return f"| {row.system} | {numbers} | {row.repeats} | {ratio} | {row.foreign_cpu:.0%} |"


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
