"""What the job layer promises, and what of it the measured rows keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.jobs.plan import OF_MANY_USERS, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.jobs.report import Row

    # A measured value by case, system and metric; KeyError where it was not measured.
    Look = Callable[[str, str, str], float]

_DRAIN = "drain, 10 at once"
_COMMIT = "ours (commit per job)"


@dataclass(frozen=True)
class Target:
    """A promise: `value` must not be under (or over) `limit`."""

    text: str
    limit: float
    is_floor: bool
    value: Callable[[Look], float]


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
        is_met = (
            self.value >= self.target.limit
            if self.target.is_floor
            else self.value <= self.target.limit
        )
        return "met" if is_met else "missed"

    def __str__(self) -> str:
        sign = "≥" if self.target.is_floor else "≤"
        value = "–" if self.value is None else f"{self.value:.3g}"
        return f"| {self.target.text} | {sign} {self.target.limit:g} | {value} | {self.word} |"


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


def _drains(ours: str, peer: str) -> Callable[[Look], float]:
    """How many times the peer's rate, both with ten slots."""
    metric = "jobs_per_second"
    return lambda look: look(_DRAIN, ours, metric) / look(_DRAIN, peer, metric)


def _scales(system: str) -> Callable[[Look], float]:
    """The lowest rate with more slots, as part of the rate with ten."""
    metric = "jobs_per_second"
    return lambda look: (
        min(look(f"drain, {slots} at once", system, metric) for slots in (100, 256))
        / look(_DRAIN, system, metric)
    )


def _grows(state: str) -> Callable[[Look], float]:
    case = f"claim beside {state} jobs"
    first, last = "claim_ms_at_1000", "claim_ms_at_1000000"
    return lambda look: look(case, OF_MANY_USERS, last) / look(case, OF_MANY_USERS, first)


def _ours(case: str, metric: str, system: str = OURS) -> Callable[[Look], float]:
    return lambda look: look(case, system, metric)


def _enqueue_cost(look: Look) -> float:
    metric = "one_connection"
    return look("enqueue", "pgmq read + delete", metric) / look("enqueue", OURS, metric)


TARGETS = (
    Target("no-op jobs/s, times procrastinate", 10, True, _drains(OURS, "procrastinate")),
    Target("… times PgQueuer (psycopg)", 3, True, _drains(OURS, "pgqueuer (psycopg)")),
    Target("… times celery + redis", 6, True, _drains(OURS, "celery + redis")),
    Target("… times graphile-worker", 1.5, True, _drains(OURS, "graphile-worker")),
    Target(
        "… with a commit per job, times procrastinate",
        3.5,
        True,
        _drains(_COMMIT, "procrastinate"),
    ),
    Target("rate at 100 and 256 slots, of that at 10", 1, True, _scales(OURS)),
    Target("… with a commit per job", 1, True, _scales(_COMMIT)),
    Target("pick-up when idle, p50, ms", 5, False, _ours("pick-up when idle", "p50_ms")),
    Target("pick-up when idle, p99, ms", 20, False, _ours("pick-up when idle", "p99_ms")),
    Target("claim, 1M due rows against 1k, times", 1.5, False, _grows("due")),
    Target("claim, 1M delayed rows against 1k, times", 1.5, False, _grows("delayed")),
    Target("claim, 1M leased rows against 1k, times", 1.5, False, _grows("leased")),
    Target(
        "fair claim at 1M rows of 1,000 users, ms",
        5,
        False,
        _ours("claim beside due jobs", "claim_ms_at_1000000", OF_MANY_USERS),
    ),
    Target(
        "start beside 10,000 jobs of another user, times the idle one",
        2,
        False,
        _ours("a job beside 10,000 of another user", "times_alone"),
    ),
    Target("an enqueue's time, times bare pgmq.send", 1.3, False, _enqueue_cost),
    Target(
        "longest enqueue beside a transaction open for 2,000 ms, ms",
        100,
        False,
        _ours("enqueue beside an open transaction", "longest_ms"),
    ),
    Target(
        "rate beside a snapshot held 60 s, of that before",
        0.8,
        True,
        _ours("beside a held snapshot", "kept"),
    ),
    Target(
        "the operator's metrics at 1M rows, ms",
        5,
        False,
        _ours("claim beside due jobs", "metrics_ms", OF_MANY_USERS),
    ),
)
