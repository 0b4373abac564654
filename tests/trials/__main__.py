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
    "brand_rules": "patterns that are slow to compile, disguised words",
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
