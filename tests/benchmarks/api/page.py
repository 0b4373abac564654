"""docs/benchmarks/api.md: the targets, the tables, and how every system was set up."""

from __future__ import annotations

from tests.benchmarks.api import cases, data, knobs
from tests.benchmarks.jobs import report
from tests.benchmarks.jobs.measure import FOREIGN_LIMIT
from tests.benchmarks.jobs.row import Row
from tests.benchmarks.jobs.targets import Verdict

_PAGE = """\
# The API beside its peers

Written by `make bench-api`; the numbers are in [api.json](api.json). Compare ratios: absolute
numbers belong to this machine.

{facts}

![rates, waiting, CPU](api.png)

## Targets

{warning}{verdicts}
## What a setting is worth

`list 20` with one thing changed, beside ours. A positive number is what the request would cost more.

{knobs}
## How it was measured

One PostgreSQL (the embedded one, `fsync` and `synchronous_commit` on, 512 MB of shared buffers) with
all migrations, filled once; every system serves the same rows under the same policies: a transaction
per request, in it the role `authenticated` and the token's claims. All systems run for the whole time
and are asked in turn, in another order in every round; a run is {seconds:g} s of wrk ({connections}
connections, the tokens of {accounts} accounts) after a warm-up. A number is the median of the rounds. In a
full run a measurement during which other processes used more than 12 % of the CPU is repeated up to
twice, and the calmest one counts. The column *foreign CPU* says how much that was: rows with much of
it are no evidence. Client, servers and PostgreSQL share the machine's cores. CPU of a request is that
of the server's processes and of PostgreSQL's, without the client's.

A run ends with an error if any answer was one, or if systems answer with other rows or columns.

| system | set up as |
| --- | --- |
| ours | PostgREST called directly: JWT cache, Unix socket, prepared statements, pool of 10, on one core, always the same (`python -m local.postgrest`, as `make up` runs it); the pre-request checks the token, looks for an erasure, counts writes; ETag on `product_overview` and `products` |
| PostgREST without pre-request | the same, bare |
| PostgREST with an empty pre-request | the same with a function that does nothing: what the statement costs |
| ours without rate limit | the same, but for counting writes |
| Next.js + supabase-js | production build, `next start`, API routes that make a client per request, as its guides have it; asks the PostgREST of *ours* |
| FastAPI + asyncpg | uvicorn (uvloop, httptools) with a process per core, pool of 10 each, pydantic answers, verified tokens cached |
| FastAPI + SQLAlchemy | the same with the ORM over asyncpg |
| Express + pg | one process, pool of 10, named (prepared) statements, verified tokens cached |
| pgbench | the database alone: {clients} clients, prepared statements, the same transaction without HTTP, JSON or tokens |

FastAPI, Express and pgbench do what our API does before each request, by the same function
(`private.before_request`): they tell it of the request, as PostgREST does, and send the headers that it
sets; the tags that they send are compared with ours. *Bare* is all of them without that, role and claims
only; beside them stands PostgREST without pre-request. Next.js asks ours, and passes no headers on.
Inserts go through the same triggers everywhere: validation, quota, a queued job. All servers run as
batch work (`SCHED_BATCH`: not interrupted by whatever wakes up), which each of them gains by; PostgreSQL
and the client do not.

## Numbers

{tables}"""  # noqa: E501 - rows of a table can't be wrapped

_HEADS = {
    "requests_per_second": "requests/s",
    "screens_per_second": "screens/s",
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "cpu_us_per_request": "CPU of a request, µs",
    "cpu_us_per_screen": "CPU of a screen, µs",
}
_WARNING = """\
Other processes used up to {worst:.0%} of the CPU meanwhile: these verdicts are provisional.

"""


def text(facts: dict[str, str], measured: list[Row], judged: list[Verdict], **run: float) -> str:
    """The whole page."""
    worst = max((row.foreign_cpu for row in measured), default=0.0)
    return _PAGE.format(
        warning=_WARNING.format(worst=worst) if worst > FOREIGN_LIMIT else "",
        facts=" · ".join(f"{name} {value}" for name, value in facts.items()),
        verdicts=report.verdicts(judged),
        knobs=_knobs(measured),
        tables=_tables(measured),
        accounts=data.ASKERS,
        **run,
    )


def _knobs(measured: list[Row]) -> str:
    rows = [row for row in measured if row.case == knobs.CASE]
    lines = ["| changed | requests/s | CPU of a request |", "| --- | ---: | ---: |"]
    for system in dict.fromkeys(row.system for row in rows):
        ratios = {row.metric: row.ratio_to_ours for row in rows if row.system == system}
        rate, cpu = ratios["requests_per_second"], ratios["cpu_us_per_request"]
        if system != cases.OURS and rate and cpu:
            lines.append(f"| {system} | {rate - 1:+.0%} | {cpu - 1:+.0%} |")
    return "\n".join(lines) + "\n"


def _tables(measured: list[Row]) -> str:
    """A table per case, a column per number."""
    parts = []
    for case in dict.fromkeys(row.case for row in measured):
        group = [row for row in measured if row.case == case]
        metrics = list(dict.fromkeys(row.metric for row in group))
        heads = [_HEADS[metric] for metric in metrics]
        parts.append(f"### {case}\n")
        parts.append(f"| system | {' | '.join(heads)} | rate, of ours | rounds | foreign CPU |")
        parts.append("| --- " + "| ---: " * (len(metrics) + 3) + "|")
        for system in dict.fromkeys(row.system for row in group):
            rows = {row.metric: row for row in group if row.system == system}
            first = rows[metrics[0]]
            numbers = " | ".join(_with_ends(rows[metric]) for metric in metrics)
            ratio = "" if first.ratio_to_ours is None else f"{first.ratio_to_ours:.2f}"
            parts.append(
                f"| {system} | {numbers} | {ratio} | {first.repeats} | {first.foreign_cpu:.0%} |"
            )
        parts.append("")
    return "\n".join(parts)


def _with_ends(row: Row) -> str:
    median, low, high = (_readable(value) for value in (row.value, row.minimum, row.maximum))
    return median if row.repeats == 1 else f"{median} ({low} to {high})"


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
