"""Which system runs which case with which numbers, in a full and in a quick run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OURS = "ours"
PYTHON = (
    OURS,
    "ours (commit per job)",
    "pgmq read + delete",
    "procrastinate",
    "pgqueuer (psycopg)",
    "pgqueuer (asyncpg)",
    "celery + redis",
)
NODE = ("graphile-worker", "pg-boss")
SYSTEMS = (*PYTHON, *NODE)
# A drain of the full number would take them minutes. Fewer jobs flatter them: less to search.
_SLOW = {"procrastinate": 5, "celery + redis": 4, "pgmq read + delete": 4}


@dataclass(frozen=True)
class Case:
    """A case as the table names it."""

    name: str
    kind: str  # of cases.py
    parameters: dict[str, Any]
    systems: tuple[str, ...] = SYSTEMS
    repeats: int = 1
    scaled: frozenset[str] = field(default=frozenset({"jobs"}))

    def parameters_of(self, system: str) -> dict[str, Any]:
        """Slow systems get a part of the jobs of a drain."""
        divisor = _SLOW.get(system, 1) if self.kind == "drain" else 1
        return {
            name: value // divisor if name in self.scaled else value
            for name, value in self.parameters.items()
        }


def cases(*, is_quick: bool) -> list[Case]:
    """The plan, in the order of the table."""
    jobs, repeats = (2_000, 1) if is_quick else (20_000, 5)
    single = tuple(system for system in SYSTEMS if system != "ours (commit per job)")
    transactional = tuple(system for system in single if system != "celery + redis")
    return [
        Case(
            "enqueue",
            "enqueue",
            {"jobs": 200 if is_quick else 1_000, "bulk": jobs // 2},
            single,
            repeats,
        ),
        Case("enqueue beside an open transaction", "blocked", {"seconds": 2}, transactional),
        Case("drain, 10 at once", "drain", {"jobs": jobs, "concurrency": 10}, repeats=repeats),
        Case("drain, 100 at once", "drain", {"jobs": jobs, "concurrency": 100}, repeats=repeats),
        Case(
            "drain, 256 at once",
            "drain",
            {"jobs": jobs, "concurrency": 256},
            (OURS, "ours (commit per job)"),
            repeats,
        ),
        Case(
            "500 jobs of 50 ms, 50 at once",
            "sleep",
            {"jobs": 500, "concurrency": 50, "seconds": 0.05},
            repeats=repeats,
        ),
        Case(
            "pick-up when idle",
            "latency",
            {"jobs": 50 if is_quick else 200, "concurrency": 10},
            repeats=min(repeats, 3),
        ),
    ]
