"""docs/benchmarks/jobs.md: the targets, the tables, and how every system was set up."""

from __future__ import annotations

from tests.benchmarks.jobs import report
from tests.benchmarks.jobs.measure import FOREIGN_LIMIT
from tests.benchmarks.jobs.row import Row
from tests.benchmarks.jobs.targets import Verdict

_PAGE = """\
# The job layer beside its peers

Written by `make bench-jobs`; the numbers are in [jobs.json](jobs.json). Compare ratios: absolute
numbers belong to this machine.

{facts}

![rates, waiting, growth](jobs.png)

## Targets

{warning}{verdicts}
{missed}## How it was measured

One process per measurement, a fresh database each, the systems in turn within every repeat.
PostgreSQL is the embedded one with `fsync` and `synchronous_commit` on, 512 MB of shared buffers,
autovacuum every 10 s. Redis keeps an append-only file, written once a second: weaker than a
commit. In a full run a measurement during which other processes used more than 12 % of the CPU is
made once more, within the first two minutes, and the calmer one counts; a quick run takes few
jobs, once, whatever else goes on. The column *foreign CPU* says how much that was: rows with much of it are no evidence.

## What is compared

Every kind of job that a user starts saves a result. So the headline is *results*: each job writes one row
and completes, the same work for each system. Ours writes the row and the acknowledgement in one transaction,
so that a crash leaves both or neither. The table says how each of the others does it. The run counts the
rows: each job has written exactly one.

The clock runs from the worker's start to the moment when the database says that no job is unfinished.
All worker logs are at WARNING. Slow systems get a sixth to a half of the jobs, which flatters those
whose claim searches the table. *cpu us per job* is the CPU time of worker, server
and Redis together from the worker's start to its end, divided by the jobs: where other processes
share the machine, it says more than a rate does.

A claim is measured beside a thousand rows and beside more, of 1,000 users: due, then delayed by two
hours, then marked as taken, each with a thousand more that are due. Our million is inserted past the
protocol, in the rows that it would leave. Peers are filled up to 100,000.
Snoozed jobs are woken one after the other, 5 ms apart, while the rest snoozes: from the wake's
commit to the handler's start.

| system | set up as | row and completion |
| --- | --- | --- |
| ours | a handler whose `save` writes the row; jobs of the system | one transaction |
| ours (1000 users) | the same, the jobs spread over a thousand users, who take turns | one transaction |
| pgmq read + delete | `pgmq.read(…, 1)` and `pgmq.delete` in a loop per slot, a connection each; 0.1 s of sleep when empty | one transaction, without a fencing token |
| procrastinate | psycopg connector, LISTEN on, finished jobs kept (its default) | the row first, over a pool of the task's own |
| pgqueuer | batches of as many jobs as there are slots; its cap must be twice that, so it may run twice as many; it completes jobs in batches | the row first, over a pool of the entry point's own |
| celery + redis | prefork pool, late acknowledgement, prefetch 4, results ignored | the row first, a connection per process |
| graphile-worker | `run` with its default options but for concurrency and pool; jobs added by its SQL function | the row first, over its pool (`withPgClient`) |
| pg-boss | one worker with batches of as many jobs as there are slots, told by `notifyWorker` to go on after each; when idle it polls twice a second, the fastest it allows | the row first, over a pool of the handler's own |

## Numbers

{tables}"""  # noqa: E501 - rows of a table can't be wrapped

_WARNING = """\
Other processes used up to {worst:.0%} of the CPU meanwhile: these verdicts are provisional.

"""


_MISSED = """\
## What was missed, and what was tried

{lines}

"""


def _missed(judged: list[Verdict]) -> str:
    lines = [
        f"- {verdict.target.text.removeprefix('… ')}: {verdict.target.tried}"
        for verdict in judged
        if verdict.word == "missed"
    ]
    return _MISSED.format(lines="\n".join(lines)) if lines else ""


def text(facts: dict[str, str], measured: list[Row], judged: list[Verdict]) -> str:
    """The whole page."""
    worst = max((row.foreign_cpu for row in measured), default=0.0)
    return _PAGE.format(
        warning=_WARNING.format(worst=worst) if worst > FOREIGN_LIMIT else "",
        facts=" · ".join(f"{name} {value}" for name, value in facts.items()),
        verdicts=report.verdicts(judged),
        missed=_missed(judged),
        tables=report.tables(measured),
    )
