"""The measured rows as one picture: latency and CPU."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from tests.benchmarks.jobs.plot import bars
from tests.benchmarks.jobs.row import Row

_FIELDS = (
    ("session", "p50_ms", "Exchange, p50 ms"),
    ("session", "p99_ms", "Exchange, p99 ms"),
    ("stripe webhook", "p99_ms", "Webhook acknowledged, p99 ms"),
    ("session", "cpu_us_per_request", "Exchange, CPU µs a request"),
)


def save(path: Path, measured: list[Row]) -> None:
    """Draws what was measured."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    for field, (case, metric, title) in zip(figure.subplots(2, 2).flatten(), _FIELDS, strict=True):
        rows = [row for row in measured if (row.case, row.metric) == (case, metric)]
        bars(field, rows, title)
    figure.savefig(path, dpi=110, metadata={"Software": None})
