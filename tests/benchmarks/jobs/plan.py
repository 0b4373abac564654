"""Which system runs which case with which numbers, in a full and in a quick run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OURS = "ours"
OF_MANY_USERS = "ours (1000 users)"
OURS_VARIANTS = (OURS, OF_MANY_USERS)
PYTHON_PEERS = (
    "pgmq read + delete",
    "procrastinate",
    "pgqueuer (psycopg)",
    "pgqueuer (asyncpg)",
    "celery + redis",
)
NODE = ("graphile-worker", "pg-boss")
SYSTEMS = (*OURS_VARIANTS, *PYTHON_PEERS, *NODE)
# One of each; the variants differ in how jobs are done, not in how they are added or woken.
_PRODUCTS = (
    OURS,
    "pgmq read + delete",
    "procrastinate",
    "pgqueuer (psycopg)",
    "celery + redis",
    *NODE,
)
_IN_TRANSACTIONS = tuple(system for system in _PRODUCTS if system != "celery + redis")
# The full number would take them minutes. Fewer jobs flatter them: less to search.
_SLOW = {
    "procrastinate": 6,
    "celery + redis": 4,
    "pgmq read + delete": 4,
    "pgqueuer (psycopg)": 2,
    "pgqueuer (asyncpg)": 2,
}


@dataclass(frozen=True)
class Case:
    """A case as the table names it."""

    name: str
    kind: str  # of cases.py, backlog.py and node/cases.js
    parameters: dict[str, Any]
    systems: tuple[str, ...] = _PRODUCTS
    repeats: int = 1

    def parameters_of(self, system: str) -> dict[str, Any]:
        """Slow systems get a part of the jobs."""
        if self.kind != "results":
            return self.parameters
        return self.parameters | {"jobs": self.parameters["jobs"] // _SLOW.get(system, 1)}


def cases(*, is_quick: bool) -> list[Case]:
    """The plan, in the order of the table."""
    return [
        *_throughput(is_quick=is_quick),
        *_waiting(is_quick=is_quick),
        *_backlog(is_quick=is_quick),
    ]


def _throughput(*, is_quick: bool) -> list[Case]:
    jobs, repeats = (1_200, 1) if is_quick else (6_000, 2)
    enqueue = {"jobs": 200, "bulk": 1_000} if is_quick else {"jobs": 500, "bulk": 5_000}
    return [
        Case(
            "results, 10 at once",
            "results",
            {"jobs": jobs, "concurrency": 10},
            SYSTEMS,
            1 if is_quick else 5,
        ),
        Case(
            "results, 100 at once",
            "results",
            {"jobs": jobs, "concurrency": 100},
            SYSTEMS,
            1 if is_quick else 3,
        ),
        Case(
            "results, 256 at once",
            "results",
            {"jobs": jobs, "concurrency": 256},
            OURS_VARIANTS,
            1 if is_quick else 5,
        ),
        Case(
            "500 jobs of 50 ms, 50 at once",
            "sleep",
            {"jobs": 500, "concurrency": 50, "seconds": 0.05},
            SYSTEMS,
        ),
        Case("enqueue", "enqueue", enqueue, _PRODUCTS, repeats),
    ]


def _waiting(*, is_quick: bool) -> list[Case]:
    jobs = 40 if is_quick else 100
    return [
        Case(
            "enqueue beside an open transaction",
            "blocked",
            {"seconds": 2},
            _IN_TRANSACTIONS,
        ),
        Case("pick-up when idle", "latency", {"jobs": jobs, "concurrency": 10}),
        Case(
            "a job beside 10,000 of another user",
            "crowd",
            {"jobs": 10_000, "seconds": 0.02},
            (OURS,),
            1 if is_quick else 2,
        ),
        Case(
            "1,000 snoozed jobs",
            "snoozed",
            {"jobs": 200 if is_quick else 1_000, "concurrency": 10},
            (OURS,),
        ),
    ]


def _backlog(*, is_quick: bool) -> list[Case]:
    sizes = [1_000, 5_000] if is_quick else [1_000, 100_000, 1_000_000]
    peer_sizes = sizes[:2]  # filling theirs takes minutes
    held = {"before_seconds": 5, "window_seconds": 10, "held_seconds": 60}
    if is_quick:
        held = {"before_seconds": 1, "window_seconds": 2, "held_seconds": 5}
    return [
        Case(
            "claim from a full queue",
            "growth",
            {"sizes": sizes, "states": ["due", "delayed", "leased"]},
            (OF_MANY_USERS,),
        ),
        Case(
            "claim from a full queue",
            "growth",
            {"sizes": peer_sizes, "states": ["due", "delayed", "leased"]},
            ("pgmq read + delete",),
        ),
        Case(
            "claim from a full queue",
            "growth",
            {"sizes": peer_sizes, "states": ["due"]},
            ("procrastinate", "pgqueuer (psycopg)"),
        ),
        Case(
            f"beside a snapshot held {held['held_seconds']} s",
            "held",
            held,
            (OURS,),
        ),
    ]
