"""`python -m tests.load`: people at work on the whole stack, then growth to a million rows.

Writes docs/benchmarks/load.json and load.md, docs/images/growth.png, and the table of
docs/scaling.md. Exit 1 if an answer or a job is an error that nobody can explain, or if a job was
lost or done twice.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.jobs import machine
from tests.load import accounts, drive, growth, page, world
from tests.load.drive import Pace, Run
from tests.server import ROOT

_DOCS = ROOT / "docs"
_RAMP_SECONDS = 20
_PUSH_SECONDS = 45
_HURRY = 20  # how much less people in a hurry think
_PARTS = ("people", "growth")


def main() -> None:
    """Entry point."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the stack is stopped
    kept = arguments.out / "benchmarks" / "load.json"
    data: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    facts = {**data.get("facts", {}), **machine.describe(), "k6": drive.version()}
    unexplained = 0
    if "people" in arguments.parts:
        load, push = _people(arguments.users, arguments.seconds)
        unexplained = load["unexplained"] + push["unexplained"]
        facts["load measured"] = _now()
        data |= {"load": load, "push": push}
    if "growth" in arguments.parts:
        sizes = tuple(size for size in growth.SIZES if size <= arguments.rows)
        data["growth"] = page.points(growth.measure(sizes, _say))
        facts["growth measured"] = _now()
    data["facts"] = facts
    # The page is made of what the file holds, so that each can be made from the other again.
    _write(arguments.out, kept, _rounded(data))
    if unexplained:
        _say(f"\n{unexplained} answers or jobs are unexplained, lost or doubled.")
    sys.exit(bool(unexplained))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--users", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=300, help="default: %(default)s")
    parser.add_argument("--rows", type=int, default=growth.SIZES[-1], help="the most of growth")
    parser.add_argument(
        "--parts",
        type=lambda given: tuple(given.split(",")),
        default=_PARTS,
        help=f"some of: {','.join(_PARTS)}; the page keeps other numbers; '': the page alone",
    )
    parser.add_argument("--out", type=Path, default=_DOCS, help="default: %(default)s")
    return parser.parse_args()


def _people(users: int, seconds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run of people who think, then one of the same in a hurry."""
    ramp = min(_RAMP_SECONDS, seconds // 4)
    with world.running() as stack:
        _say("The stack is up; filling the accounts …")
        sizes = accounts.seed(stack, users)
        tokens = {name: dict(used) for name, used in stack.model.used.items()}
        _say(f"{users} people for {seconds} s …")
        load = page.record(drive.run(stack, Pace(users, seconds, ramp)), tokens, sizes)
        hurried = min(_PUSH_SECONDS, seconds)
        _say(f"The same in a hurry for {hurried} s …")
        pace = Pace(users, hurried, ramp // 2, think=1 / _HURRY, add_share=0.1 / _HURRY)
        pushed: Run = drive.run(stack, pace)
        return load, page.record(pushed, tokens, sizes)


def _write(folder: Path, kept: Path, data: dict[str, Any]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    text = page.text(data)
    kept.with_suffix(".md").write_text(text)
    if "growth" in data:
        page.plot(folder / "images" / "growth.png", data["growth"])
    scaling = folder / "scaling.md"
    if scaling.exists() and "load" in data:
        scaling.write_text(page.into(scaling.read_text(), data))
    _say("\n" + text)
    if "load" in data:
        _say(page.capacity(data))


def _rounded(value: Any) -> Any:
    """Four digits are more than a measurement has."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    main()
