"""`python -m tests.chaos`: every scenario in full; prints one table, exit 1 if a job was lost."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests.chaos.faults import SCENARIOS
from tests.chaos.outcome import Outcome, try_out
from tests.chaos.servers import own_server
from tests.chaos.worker import LEASE_SECONDS, RESUME_SECONDS

_COLUMNS = {
    "jobs": lambda o: str(o.run),
    "lost": lambda o: str(o.lost),
    "twice": lambda o: str(o.completed_twice),
    "interrupted": lambda o: str(o.interrupted),
    "run again": lambda o: str(o.repeated),
    "outage s": lambda o: f"{o.outage_seconds:.2f}",
    "first done s": lambda o: f"{o.first_seconds:.2f}",
    "all resumed s": lambda o: f"{o.resumed_seconds:.2f}",
    "total s": lambda o: f"{o.total_seconds:.1f}",
}


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="per scenario; default: %(default)s")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    arguments = parser.parse_args()
    console = Console(width=150)
    table = Table("scenario", *_COLUMNS, title=f"Faults, leases of {LEASE_SECONDS} s")
    is_sound = True
    outcomes = []
    with own_server() as server:
        for number, (name, inflict) in enumerate(SCENARIOS.items()):
            if arguments.only not in name:
                continue
            outcome = try_out(server, inflict, arguments.jobs, f"chaos_{number}")
            outcomes.append(outcome)
            table.add_row(name, *(show(outcome) for show in _COLUMNS.values()))
            for promise in outcome.broken_promises(RESUME_SECONDS):
                is_sound = False
                console.print(f"[red]{name}[/red]: not kept: {promise}")
    console.print(table)
    if outcomes:
        console.print(_summary(outcomes))
    return 0 if is_sound else 1


def _summary(outcomes: list[Outcome]) -> str:
    slowest = max(o.resumed_seconds - o.outage_seconds for o in outcomes)
    return (
        f"{len(outcomes)} scenarios: {sum(o.run for o in outcomes)} jobs run,"
        f" {sum(o.lost for o in outcomes)} lost,"
        f" {sum(o.completed_twice for o in outcomes)} completed twice,"
        f" all resumed within {max(slowest, 0):.2f} s of the outage's end"
    )


if __name__ == "__main__":
    sys.exit(main())
