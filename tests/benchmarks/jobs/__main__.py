"""`python -m tests.benchmarks.jobs`: measures job systems side by side on one server.

Prints tables, writes docs/benchmarks/jobs.json and jobs.png.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.jobs import plan, report, versions
from tests.benchmarks.jobs.measure import Failure, Sample, samples
from tests.benchmarks.jobs.server import running
from tests.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCS = ROOT / "docs" / "benchmarks"


def main() -> None:
    """Entry point."""
    arguments = _arguments()
    skipped = _skipped({name for name in arguments.systems.split(",") if name})
    chosen = [
        case
        for case in plan.cases(is_quick=arguments.quick)
        if not arguments.cases or case.kind in arguments.cases.split(",")
    ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    with running(ROOT / ".local" / "benchmark") as server:
        facts = versions.facts(server.version()) | {"date": f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"}
        taken = list(_shown(samples(server, chosen, frozenset(skipped), arguments.tries)))
    failures = {run.name: run.reason for run in taken if isinstance(run, Failure)}
    measured = report.rows(run for run in taken if isinstance(run, Sample))
    _write(arguments.out, facts, measured, skipped | failures)
    sys.exit(bool(failures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.jobs", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, one repeat")
    parser.add_argument("--cases", default="", help="only cases whose kind is named, by commas")
    parser.add_argument("--systems", default="", help="only these systems, by commas")
    parser.add_argument("--tries", type=int, default=3, help="runs per number on a busy machine")
    parser.add_argument("--out", type=Path, default=_DOCS, help="default: %(default)s")
    return parser.parse_args()


def _shown(runs: Iterator[Sample | Failure]) -> Iterator[Sample | Failure]:
    for run in runs:
        print(run, flush=True)  # noqa: T201 - a command
        yield run


def _skipped(chosen: set[str]) -> dict[str, str]:
    """Why a system is left out, by system."""
    missing = versions.missing()
    unwanted = {
        system: "not asked for" for system in plan.SYSTEMS if chosen and system not in chosen
    }
    return missing | unwanted


def _write(
    folder: Path, facts: dict[str, str], measured: list[report.Row], skipped: dict[str, str]
) -> None:
    left_out = {f"left out: {system}": reason for system, reason in skipped.items()}
    content = [
        *report.environment_rows(facts | left_out),
        *(row.as_json() for row in measured),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in content)
    (folder / "jobs.json").write_text(f"[\n{lines}\n]\n")
    print("\n" + report.markdown(measured))  # noqa: T201 - a command


if __name__ == "__main__":
    main()
