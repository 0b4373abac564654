"""`python -m tests.benchmarks.jobs`: measures job systems side by side on one server.

Prints tables, writes docs/benchmarks/jobs.json, jobs.md and jobs.png.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.jobs import page, plan, plot, report, row, targets, versions
from tests.benchmarks.jobs.measure import Failure, Sample, samples
from tests.benchmarks.jobs.server import running
from tests.server import ROOT

_DOCS = ROOT / "docs" / "benchmarks"
_AGAIN_SECONDS = 120  # a full run ends within a quarter of an hour, on a busy machine too


def main() -> None:
    """Entry point."""
    arguments = _arguments()
    wanted = {name for name in arguments.systems.split(",") if name}
    if unknown := wanted - set(plan.SYSTEMS):
        sys.exit(f"No such system: {', '.join(unknown)}. There are: {', '.join(plan.SYSTEMS)}")
    skipped = _skipped(wanted)
    chosen = [
        replace(case, repeats=arguments.repeats or case.repeats)
        for case in plan.cases(is_quick=arguments.quick)
        if not arguments.cases or case.kind in arguments.cases.split(",")
    ]
    again_until = time.monotonic() + (0 if arguments.quick else _AGAIN_SECONDS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    with running(ROOT / ".local" / "benchmark") as server:
        facts = {"run": "quick" if arguments.quick else "full"}
        facts |= versions.facts(server.version())
        taken = list(_shown(samples(server, chosen, frozenset(skipped), again_until)))
    failures = {run.name: run.reason.splitlines()[-1] for run in taken if isinstance(run, Failure)}
    left_out = {f"left out: {name}": reason for name, reason in (skipped | failures).items()}
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"
    measured = report.rows((run for run in taken if isinstance(run, Sample)), now)
    if arguments.keep:
        measured = report.merged(report.load(arguments.out / "jobs.json"), measured)
    _write(arguments.out, facts | {"date": now} | left_out, measured)
    sys.exit(bool(failures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.jobs", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, one repeat")
    parser.add_argument("--cases", default="", help="only cases whose kind is named, by commas")
    parser.add_argument("--systems", default="", help="only these systems, separated by commas")
    parser.add_argument("--repeats", type=int, help="instead of the plan's one to five")
    parser.add_argument("--keep", action="store_true", help="keep earlier rows of other cases")
    parser.add_argument("--out", type=Path, default=_DOCS, help="default: %(default)s")
    return parser.parse_args()


def _shown(runs: Iterator[Sample | Failure]) -> Iterator[Sample | Failure]:
    for run in runs:
        print(run, flush=True)  # noqa: T201 - a command
        yield run


def _skipped(chosen: set[str]) -> dict[str, str]:
    """Why a system is left out, by system."""
    unwanted = {
        system: "not asked for" for system in plan.SYSTEMS if chosen and system not in chosen
    }
    return versions.missing() | unwanted


def _write(folder: Path, facts: dict[str, str], measured: list[row.Row]) -> None:
    report.save(folder / "jobs.json", facts, measured)
    text = page.text(facts, measured, targets.judge(measured))
    (folder / "jobs.md").write_text(text)
    headline = " · ".join(f"{name} {value}" for name, value in facts.items() if len(value) < 40)
    plot.save(folder / "jobs.png", measured, "\n".join(_wrapped(headline)))
    print("\n" + text)  # noqa: T201 - a command


def _wrapped(text: str) -> list[str]:
    words = text.split(" · ")
    return [" · ".join(words[at : at + 10]) for at in range(0, len(words), 10)]


if __name__ == "__main__":
    main()
