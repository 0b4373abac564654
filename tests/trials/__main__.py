"""`python -m tests.trials NAME …`: load and abuse; prints figures, exit 1 if one falls short.

Each trial starts what it needs on loopback: a module with `run() -> list[Figure]`.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from rich.console import Console
from rich.table import Table

# Name → what is tried. The module of that name stands beside this file.
TRIALS: dict[str, str] = {
    "hostile_pages": "jobs of others beside pages that hold a parser",
    "pooler": "workers and the edge through pgbouncer in transaction mode",
    "database_away": "PostgreSQL away for 25 seconds at 26 sign-ins a second",
    "slow_clients": "200 clients that begin a request and wait, at the edge and at the gateway",
    "bodies": "strangers' bodies of 10 to 120 MB; a user reads meanwhile",
    "bulk_writes": "an account's bulk and slow writes; another account reads meanwhile",
    "paid_runs": "paid runs of a page that blocks after them",
    "enqueue": "sessions that enqueue at once; one job beside tenants that sleep",
    "erasure": "accounts are exported and erased, at the limits of a plan and beyond",
    "prune": "old jobs are forgotten beside people who rename and workers who save",
    "cell_move": "an account moves to another cell under load, its mover killed at each step",
    "brand_rules": "patterns that are slow to compile, disguised words",
    "restore": "the server's data is destroyed under load and restored to a point in time",
    "rolling": "schema, edge and workers are replaced one by one under load",
    "worker_hosts": "one of two worker hosts is cut off past its lease, and comes back",
    "replica": "PostgREST reads from a standby, which lags",
}


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*TRIALS, []], help="default: all of them")
    names = parser.parse_args().names or list(TRIALS)
    table = Table("trial", "figure", "before", "now", "promised", title="Load and abuse")
    holds = True
    for name in names:
        for figure in importlib.import_module(f"tests.trials.{name}").run():
            holds = holds and figure.holds
            now = f"{figure.value:,.6g} {figure.unit}".strip()
            mark = now if figure.holds else f"[red]{now}[/red]"
            table.add_row(name, figure.what, figure.before, mark, figure.promise)
    Console(width=150).print(table)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
