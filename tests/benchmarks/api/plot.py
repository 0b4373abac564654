"""The measured rows as one picture: what a second and what a request gives, per case."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from tests.benchmarks.api import cases, knobs
from tests.benchmarks.jobs.plot import bars
from tests.benchmarks.jobs.row import Row

_FIELDS = (
    (cases.LIST, "requests_per_second", "list 20: requests/s"),
    (cases.GET, "requests_per_second", "get one: requests/s"),
    (cases.OVERVIEW, "requests_per_second", "product_overview: requests/s"),
    (cases.INSERT, "requests_per_second", "insert: requests/s"),
    (cases.RPC, "requests_per_second", "rpc run_analysis: requests/s"),
    (cases.LIST, "p99_ms", "list 20: p99, ms (log)"),
    (cases.LIST, "cpu_us_per_request", "list 20: CPU µs of a request"),
    (knobs.CASE, "cpu_us_per_request", "list 20, one thing changed: CPU µs of a request"),
)


def save(path: Path, rows: list[Row], headline: str) -> None:
    """Draws what was measured; a case without rows leaves its field empty."""
    figure = Figure(figsize=(16, 14), layout="constrained")
    figure.suptitle(headline, fontsize=9)
    fields = figure.subplots(4, 2).flatten()
    for field, (case, metric, title) in zip(fields, _FIELDS, strict=True):
        bars(field, [row for row in rows if (row.case, row.metric) == (case, metric)], title)
    figure.savefig(path, dpi=90, metadata={"Software": None})
