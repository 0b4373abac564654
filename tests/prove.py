"""`python -m tests.prove`: isolation, hostile input, faults, signals; one table.

Exits with 1 if anything failed.

The cases are the suite's own, with the long trials at their full length (PROVE=1), then every
scenario of `tests/chaos`, then the fault of each alert (`tests/alerts.py`; not with --quick).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from rich.console import Console
from rich.table import Table

from tests import alerts, prometheus
from tests.chaos.faults import SCENARIOS
from tests.chaos.outcome import try_out
from tests.chaos.servers import own_server
from tests.chaos.worker import RESUME_SECONDS
from tests.server import ROOT

AREAS = {
    "isolation": {
        "tests/flow/test_isolation.py": "two users, a stranger, each table and verb, supabase-js",
        "tests/flow/test_matrix.py": "two organisations, three roles, one in both, supabase-js",
        "tests/sql/test_isolation.py": "the same in SQL, as each role",
        "tests/sql/test_grants.py": "what each role may do, compared whole",
        "tests/sql/test_catalogue.py": "rules that every table and function keeps",
        "tests/flow/test_no_raw_data.py": "nothing collected is in a dump or a log",
    },
    "hostile input": {
        "tests/flow/test_bad_input.py": "malformed, oversized and foreign input over the API",
        "tests/sql/test_errors_over_http.py": "every error through PostgREST, compared whole",
        "tests/sources/test_fetch.py": "addresses that must not be fetched",
        "tests/sources/test_hostile_input.py": "pages, reviews, items made to hold a parser",
        "tests/sources/test_hostile_pages.py": "one of them costs its own job alone",
        "tests/writing/test_model_nonsense.py": "whatever a language model says",
        "tests/sources/test_paid_runs.py": "what is paid for counts, and is bounded",
        "tests/sql/test_stored_rules.py": "rules of any form, and every message of theirs",
        "tests/sql/test_temporary_objects.py": "a login's types in the place of built-in ones",
        "tests/webhooks/test_slow_clients.py": "clients that begin a request and wait",
        "tests/webhooks/test_clerk_tokens.py": "session tokens, each rule from both sides",
        "tests/webhooks/test_clerk_keys.py": "thousands of unknown keys, keys out of reach",
        "tests/webhooks/test_signatures.py": "signatures of Stripe and Svix",
        "tests/webhooks/test_anything.py": "the verifiers handed anything at all",
        "tests/webhooks/test_fuzz.py": "fuzzed requests to every route",
        "tests/insights/test_no_text_gets_out.py": "injected comments and their canaries",
    },
    "faults": {
        "tests/webhooks/test_lifecycles.py": "Stripe's events in any order, with duplicates",
        "tests/webhooks/test_kills.py": "webhook and billing job killed, then redelivered",
        "tests/webhooks/test_rotation.py": "keys rotated under load",
        "tests/workers/test_parking.py": "a thousand snoozed jobs, each woken once",
        "tests/sql/test_erasure.py": "accounts of any size erased, whoever writes meanwhile",
        "tests/webhooks/test_database_away.py": "the edge while PostgreSQL is away",
        "tests/workers/test_pooler.py": "workers behind a transaction pooler",
        "tests/sql/test_job_races.py": "races of claims, cancellations and deletions",
        "tests/sql/test_job_state_machine.py": "the job protocol against a model",
        "tests/local/test_crash.py": "the stack after kill -9",
    },
    "signals": {
        "tests/flow/test_trace.py": "one id from a request to its pack, spans without texts",
        "tests/deploy/test_monitoring.py": "alerts, panels and runbooks on a real stack",
    },
}


@dataclass(eq=False)  # pytest keeps its plugins in a set
class _Tally:
    """Counts what a run of pytest reports, by file."""

    cases: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    skipped: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        path = report.nodeid.split("::")[0]
        self.seconds[path] += report.duration
        self.cases[path] += report.when == "call"
        self.failed[path] += report.failed
        self.skipped[path] += report.skipped


class _Row(NamedTuple):
    area: str
    tried: str
    cases: int
    failed: int
    skipped: int
    seconds: int


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the lengths of `make test`")
    parser.add_argument("--jobs", type=int, default=500, help="per fault; default: %(default)s")
    arguments = parser.parse_args()
    if not arguments.quick:
        os.environ["PROVE"] = "1"
    tally = _Tally()
    paths = [str(ROOT / path) for files in AREAS.values() for path in files]
    # A plugin's module that this program has imported is not one of the tests.
    imported = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
    pytest.main(["-q", "-W", imported, *paths], plugins=[tally])
    rows = [*_of_tests(tally), *_of_faults(arguments.jobs)]
    if not arguments.quick:
        rows += _of_alerts()
    table = Table("area", "tried", "cases", "failed", "skipped", "seconds", title="Proven")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=150).print(table)
    return int(any(row.failed for row in rows))


def _of_tests(tally: _Tally) -> Iterator[_Row]:
    for area, files in AREAS.items():
        for path, what in files.items():
            cases = tally.cases[path]
            # A file that is gone or runs nothing proves nothing.
            failed = tally.failed[path] if cases else 1
            yield _Row(area, what, cases, failed, tally.skipped[path], round(tally.seconds[path]))


def _of_alerts() -> Iterator[_Row]:
    if not prometheus.is_installed():
        yield _Row("signals", prometheus.MISSING, 0, 0, 1, 0)
        return
    console = Console(width=150)
    with alerts.drilled(console.print) as drill:
        alerts.run(drill)
    for row in drill.rows:
        what = f"{row.alert}, {row.fault}: {row.words}"
        yield _Row("signals", what, 1, int(not row.is_proven), 0, round(row.seconds))
    for alert in alerts.untried(drill):
        yield _Row("signals", f"{alert} was not tried", 0, 1, 0, 0)


def _of_faults(jobs: int) -> Iterator[_Row]:
    console = Console(width=150)
    with own_server() as server:
        for number, (name, inflict) in enumerate(SCENARIOS.items()):
            outcome = try_out(server, inflict, jobs, f"prove_{number}")
            broken = outcome.broken_promises(RESUME_SECONDS)
            for promise in broken:
                console.print(f"[red]{name}[/red]: not kept: {promise}")
            what = (
                f"jobs, {name}: lost {outcome.lost}, twice {outcome.completed_twice},"
                f" resumed after {outcome.resumed_seconds:.1f} s"
            )
            yield _Row("faults", what, outcome.run, len(broken), 0, round(outcome.total_seconds))


if __name__ == "__main__":
    sys.exit(main())
