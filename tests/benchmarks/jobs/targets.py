"""What the job layer promises, and what of it the measured rows keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.jobs.plan import OF_MANY_USERS, OURS
from tests.benchmarks.jobs.row import Row

# A measured value by case, system and metric; KeyError where it was not measured.
Look = Callable[[str, str, str], float]

_RESULTS = "results, 10 at once"
_FULL = "claim from a full queue"


@dataclass(frozen=True)
class Target:
    """A promise about a value, with one of the two limits."""

    text: str
    value: Callable[[Look], float]
    at_least: float | None = None
    at_most: float | None = None
    tried: str = ""  # what has been done for it and what limits it, should it be missed

    def is_met_by(self, value: float) -> bool:
        """Whether a measured value keeps it."""
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def __str__(self) -> str:
        limit = f"≥ {self.at_least:g}" if self.at_most is None else f"≤ {self.at_most:g}"
        return f"{self.text} | {limit}"


@dataclass(frozen=True)
class Verdict:
    """A target beside what was measured; None where a part of it was not."""

    target: Target
    value: float | None

    @property
    def word(self) -> str:
        """Met, missed, or not measured."""
        if self.value is None:
            return "not measured"
        return "met" if self.target.is_met_by(self.value) else "missed"

    def __str__(self) -> str:
        value = "" if self.value is None else f"{self.value:.3g}"
        return f"| {self.target} | {value} | {self.word} |"


def judge(rows: list[Row]) -> list[Verdict]:
    """Every target, in order."""
    known = {(row.case, row.system, row.metric): row.value for row in rows}

    def look(case: str, system: str, metric: str) -> float:
        return known[case, system, metric]

    return [Verdict(target, _value(target, look)) for target in TARGETS]


def _value(target: Target, look: Look) -> float | None:
    try:
        return target.value(look)
    except KeyError:
        return None


def _times(peer: str) -> Callable[[Look], float]:
    """How many times the peer's rate, both with ten slots."""
    metric = "jobs_per_second"
    return lambda look: look(_RESULTS, OURS, metric) / look(_RESULTS, peer, metric)


def _scales(system: str) -> Callable[[Look], float]:
    """The lowest rate with more slots, as part of the rate with ten."""
    metric = "jobs_per_second"
    return lambda look: (
        min(look(f"results, {slots} at once", system, metric) for slots in (100, 256))
        / look(_RESULTS, system, metric)
    )


def _grows(state: str) -> Callable[[Look], float]:
    first, last = f"{state}_claim_ms_at_1000", f"{state}_claim_ms_at_1000000"
    return lambda look: look(_FULL, OF_MANY_USERS, last) / look(_FULL, OF_MANY_USERS, first)


def _ours(case: str, metric: str, system: str = OURS) -> Callable[[Look], float]:
    return lambda look: look(case, system, metric)


def _enqueue_cost(look: Look) -> float:
    metric = "one_connection"
    return look("enqueue", "pgmq read + delete", metric) / look("enqueue", OURS, metric)


_RATE = (
    "a job's row and its acknowledgement are one transaction of four round trips; as many jobs as"
    " there are connections are at the database, the others wait in a cheaper queue than the"
    " pool's. What is left is the commit's fsync and the CPU of round trips on both sides."
)
_WAITING = (
    "a NOTIFY wakes the worker and one call claims; the rest is how soon a busy machine runs it."
)
_GROWTH = (
    "each scan is bounded by an index from the oldest due message on, and plans are fixed; what"
    " grows is the depth of the indexes and what of them is not in memory."
)

TARGETS = (
    Target(
        "jobs/s with a result each, times procrastinate",
        _times("procrastinate"),
        at_least=3.5,
        tried=_RATE,
    ),
    Target("… times PgQueuer (psycopg)", _times("pgqueuer (psycopg)"), at_least=1, tried=_RATE),
    Target("… times celery + redis", _times("celery + redis"), at_least=2, tried=_RATE),
    Target("… times graphile-worker", _times("graphile-worker"), at_least=1, tried=_RATE),
    Target("rate at 100 and 256 slots, of that at 10", _scales(OURS), at_least=0.8, tried=_RATE),
    Target(
        "pick-up when idle, p50, ms",
        _ours("pick-up when idle", "p50_ms"),
        at_most=5,
        tried=_WAITING,
    ),
    Target(
        "pick-up when idle, p99, ms",
        _ours("pick-up when idle", "p99_ms"),
        at_most=20,
        tried=_WAITING,
    ),
    Target("claim, 1M due rows against 1k, times", _grows("due"), at_most=1.5, tried=_GROWTH),
    Target(
        "claim, 1M delayed rows against 1k, times", _grows("delayed"), at_most=1.5, tried=_GROWTH
    ),
    Target("claim, 1M leased rows against 1k, times", _grows("leased"), at_most=1.5, tried=_GROWTH),
    Target(
        "fair claim at 1M rows of 1,000 users, ms",
        _ours(_FULL, "due_claim_ms_at_1000000", OF_MANY_USERS),
        at_most=5,
        tried=_GROWTH,
    ),
    Target(
        "start beside 10,000 jobs of another user, times the idle one",
        _ours("a job beside 10,000 of another user", "times_alone"),
        at_most=2,
        tried="a slot is kept for new tenants and a notification claims for them at once; the rest"
        " is that the machine is busy with the others.",
    ),
    Target(
        "slots held by 1,000 snoozed jobs",
        _ours("1,000 snoozed jobs", "slots_held"),
        at_most=0,
        tried="a snoozed job has ended its run; one held here would be a defect.",
    ),
    Target(
        "a woken job starts, p50, ms",
        _ours("1,000 snoozed jobs", "p50_ms"),
        at_most=50,
        tried=_WAITING,
    ),
    Target("… the slowest, ms", _ours("1,000 snoozed jobs", "max_ms"), at_most=50, tried=_WAITING),
    Target(
        "an enqueue's time, times bare pgmq.send",
        _enqueue_cost,
        at_most=1.3,
        tried="no statement is planned per call, but three rows and nine index entries are written"
        " where pgmq.send writes one and two; the commit is the same.",
    ),
    Target(
        "longest enqueue beside a transaction open for 2,000 ms, ms",
        _ours("enqueue beside an open transaction", "longest_ms"),
        at_most=100,
        tried="an enqueue waits for no other transaction; a long one waited for disk or CPU.",
    ),
    Target(
        "rate beside a snapshot held 60 s, of that before",
        _ours("beside a snapshot held 60 s", "kept"),
        at_least=0.8,
        tried="scans begin at a floor below which nothing can turn up, known from the transactions"
        " that have ended; finding the next tenant passes no dead row of one that is alone.",
    ),
    Target(
        "the operator's metrics at 1M rows, ms",
        _ours(_FULL, "metrics_ms_at_1000000", OF_MANY_USERS),
        at_most=5,
        tried=_GROWTH,
    ),
)
