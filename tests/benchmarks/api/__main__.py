"""`python -m tests.benchmarks.api`: measures APIs side by side on one database.

Prints tables, writes docs/benchmarks/api.json, api.md and api.png. Ends with an error if something
could not be measured; a missed target is said, and is none.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.api import (
    agreement,
    cases,
    data,
    knobs,
    load,
    measure,
    page,
    plot,
    policies,
    targets,
    versions,
)
from tests.benchmarks.api.measure import Bench
from tests.benchmarks.api.servers import Place
from tests.benchmarks.jobs import report, row
from tests.benchmarks.jobs.measure import Failure, Sample
from tests.benchmarks.jobs.server import running
from tests.benchmarks.jobs.target import Target
from tests.server import ROOT, migrate

_DOCS = ROOT / "docs" / "benchmarks"
_SYSTEMS = (*cases.POSTGREST, *cases.PEERS, cases.PGBENCH, *cases.BARE_PEERS.values())
_EXTRA = ("screen", "policies", "knobs")


def main() -> None:
    """Entry point."""
    arguments = _arguments()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    skipped = versions.missing()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    with (
        running(ROOT / ".local" / "benchmark-api") as server,
        server.database("api", _install) as target,
        tempfile.TemporaryDirectory(prefix="benchmark-api-") as folder,
    ):
        size = data.QUICK if arguments.quick else data.FULL
        seconds = data.fill(target, size)
        _say(f"filled {size.accounts * data.PRODUCTS_EACH:,} products in {seconds:.0f} s")
        facts = {"run": "quick" if arguments.quick else "full"} | versions.facts(server.version())
        place = Place(target, Path(folder))
        bench = measure.Bench(
            place,
            server.postmaster,
            place.tokens(data.ASKERS),
            seconds=1 if arguments.quick else 2,
            rounds=arguments.rounds or (1 if arguments.quick else 5),
            tries=arguments.tries or (1 if arguments.quick else 3),
        )
        taken = list(_shown(_all(bench, frozenset(_SYSTEMS) - skipped.keys(), arguments.cases)))
    failures = {run.name: run.reason for run in taken if isinstance(run, Failure)}
    left_out = {f"left out: {name}": reason for name, reason in (skipped | failures).items()}
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"
    measured = report.rows((run for run in taken if isinstance(run, Sample)), now)
    _write(arguments.out, facts | {"date": now} | left_out, measured, bench)
    sys.exit(bool(failures or skipped))


def _arguments() -> argparse.Namespace:
    names = [*(case.name for case in cases.CASES), *_EXTRA]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.api", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one round")
    parser.add_argument("--rounds", type=int, help="instead of 5, quick 1")
    parser.add_argument("--tries", type=int, help="runs per number on a busy machine: 3, quick 1")
    parser.add_argument(
        "--cases",
        type=lambda text: frozenset(text.split(",")),
        default=frozenset(names),
        help=f"some of: {','.join(names)}",
    )
    parser.add_argument("--out", type=Path, default=_DOCS, help="default: %(default)s")
    return parser.parse_args()


def _install(target: Target) -> None:
    migrate(target.socket_dir, target.port, target.database)


def _all(bench: Bench, wanted: frozenset[str], names: frozenset[str]) -> Iterator[Sample | Failure]:
    with measure.systems(bench.place, wanted) as started:
        agreement.require(started, bench.tokens)
        yield from measure.samples(bench, started, wanted, names)
        ours = started[cases.OURS]
        if "screen" in names:
            yield from measure.screens(bench, ours)
        if "policies" in names:
            yield from policies.samples(bench)
        if "knobs" in names:
            yield from knobs.samples(bench, ours)


def _shown(runs: Iterator[Sample | Failure]) -> Iterator[Sample | Failure]:
    for run in runs:
        _say(str(run))
        yield run


def _write(folder: Path, facts: dict[str, str], measured: list[row.Row], bench: Bench) -> None:
    report.save(folder / "api.json", facts, measured)
    text = page.text(
        facts,
        measured,
        targets.judge(measured),
        seconds=bench.seconds,
        connections=load.CONNECTIONS,
        clients=measure.PGBENCH_CLIENTS,
    )
    (folder / "api.md").write_text(text)
    shown = [f"{name} {value}" for name, value in facts.items() if len(value) < 40]
    lines = [" · ".join(shown[at : at + 10]) for at in range(0, len(shown), 10)]
    plot.save(folder / "api.png", measured, "\n".join(lines))
    _say("\n" + text)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    main()
