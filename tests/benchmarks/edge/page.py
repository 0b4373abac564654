"""docs/benchmarks/edge.md, from the measured rows."""

from __future__ import annotations

from tests.benchmarks.jobs import report
from tests.benchmarks.jobs.measure import FOREIGN_LIMIT
from tests.benchmarks.jobs.row import Row

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
