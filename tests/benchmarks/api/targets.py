"""What the API promises about its speed, and what of it the measured rows keep."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.api import cases, policies
from tests.benchmarks.api.measure import FOUR, ONE, SCREEN
from tests.benchmarks.jobs.row import Row
from tests.benchmarks.jobs.targets import Look, Target, Verdict

RATE = "requests_per_second"


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


def _times(case: str, peer: str, ours: str = cases.OURS) -> Callable[[Look], float]:
    """Our rate as a multiple of the peer's."""
    return lambda look: look(case, ours, RATE) / look(case, peer, RATE)


def _bare(peer: str) -> Callable[[Look], float]:
    """The same without what our API does before each request, on both sides."""
    return _times(cases.LIST, cases.BARE_PEERS[peer], cases.BARE)


def _screens(look: Look) -> float:
    metric = "screens_per_second"
    return look(SCREEN, ONE, metric) / look(SCREEN, FOUR, metric)


TARGETS = (
    Target("list 20, requests/s, times Next.js", _times(cases.LIST, cases.NEXT), at_least=3.8),
    Target("… times FastAPI + SQLAlchemy", _times(cases.LIST, cases.SQLALCHEMY), at_least=2.8),
    Target("… times FastAPI + asyncpg", _times(cases.LIST, cases.ASYNCPG), at_least=1.5),
    Target("… times Express + pg", _times(cases.LIST, cases.EXPRESS), at_least=1),
    Target("… of pgbench", _times(cases.LIST, cases.PGBENCH), at_least=0.23),
    Target("get one, of pgbench", _times(cases.GET, cases.PGBENCH), at_least=0.19),
    Target(
        "the same, bare: list 20, times FastAPI + SQLAlchemy",
        _bare(cases.SQLALCHEMY),
        at_least=2.8,
    ),
    Target("… times FastAPI + asyncpg, bare", _bare(cases.ASYNCPG), at_least=1.5),
    Target("… times Express + pg, bare", _bare(cases.EXPRESS), at_least=1),
    Target("… of pgbench, bare", _bare(cases.PGBENCH), at_least=0.23),
    Target("a screen in one request, times one in four", _screens, at_least=3),
    Target(
        "list 20, of PostgREST without pre-request", _times(cases.LIST, cases.BARE), at_least=0.9
    ),
    Target(
        "an insert without the rate limit, times one with it",
        lambda look: 1 / _times(cases.INSERT, cases.UNLIMITED)(look),
        at_most=1.1,
    ),
    Target(
        "a million rows: a WHERE by hand, times the policy",
        lambda look: 1 / _times(policies.CASE, policies.BY_HAND, policies.BY_POLICY)(look),
        at_most=1.15,
    ),
)
