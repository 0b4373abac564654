"""docs/benchmarks/edge.md and edge.png, from the measured rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from tests.benchmarks.jobs import plot, report
from tests.benchmarks.jobs.measure import FOREIGN_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.jobs.report import Row

_PAGE = """\
# The edge beside a bare Flask route

Written by `make bench-edge`; the numbers are in [edge.json](edge.json). Compare ratios: absolute
numbers belong to this machine.

{facts}

![latency and CPU](edge.png)

{warning}{summary}

## How it was measured

Two gunicorns with the settings of `webhooks/gunicorn.conf.py` (2 processes of 8 threads) run side
by side: ours, and one whose routes answer a constant at once. {clients} kept connections send
{rate} requests a second at a steady pace to one of them at a time, in turn, {rounds} rounds. A
request counts from the moment when it was due, so that a slow answer can't hide the next one. The
load generator, the server and PostgreSQL (fsync and synchronous_commit on) share the machine.

- *session*: `POST /auth/session` with the tokens of {users} people: RS256 verified, the account
  looked up, ES256 signed.
- *stripe webhook*: a new signed event each time: verified, recorded together with its job,
  committed.

*cpu us per request* is what gunicorn and its workers used, without the database.

## Numbers

{tables}"""

_WARNING = """\
Other processes used up to {worst:.0%} of the CPU meanwhile: these numbers are provisional.

"""
_FIELDS = (
    ("session", "p50_ms", "Exchange, p50 ms"),
    ("session", "p99_ms", "Exchange, p99 ms"),
    ("stripe webhook", "p99_ms", "Webhook acknowledged, p99 ms"),
    ("session", "cpu_us_per_request", "Exchange, CPU µs a request"),
)


def text(facts: dict[str, str], measured: list[Row], setting: dict[str, int]) -> str:
    """The whole page."""
    worst = max(row.foreign_cpu for row in measured)
    return _PAGE.format(
        facts=" · ".join(f"{name} {value}" for name, value in facts.items()),
        warning=_WARNING.format(worst=worst) if worst > FOREIGN_LIMIT else "",
        summary=summary(measured),
        tables=report.tables(measured),
        **setting,
    )


def summary(measured: list[Row]) -> str:
    """One line per case and system."""
    metrics = ("p50_ms", "p99_ms", "cpu_us_per_request", "failures")
    values = {(row.case, row.system, row.metric): row.value for row in measured}
    lines = ["| case | system | p50 ms | p99 ms | CPU µs a request | failures |"]
    lines.append("| --- | --- | ---: | ---: | ---: | ---: |")
    for case, system in dict.fromkeys((row.case, row.system) for row in measured):
        numbers = (f"{values[case, system, metric]:.4g}" for metric in metrics)
        lines.append(f"| {case} | {system} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def draw(path: Path, measured: list[Row]) -> None:
    """The same as a picture."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    for field, (case, metric, title) in zip(figure.subplots(2, 2).flatten(), _FIELDS, strict=True):
        rows = [row for row in measured if (row.case, row.metric) == (case, metric)]
        plot.bars(field, rows, title)
    figure.savefig(path, dpi=110, metadata={"Software": None})
