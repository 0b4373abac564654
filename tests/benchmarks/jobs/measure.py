"""Runs the plan: one process per measurement, systems in turn, disturbed ones again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.jobs.machine import Watch
from tests.benchmarks.jobs.plan import NODE
from tests.benchmarks.jobs.target import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.jobs.plan import Case
    from tests.benchmarks.jobs.server import Server
    from tests.benchmarks.jobs.target import Target

HERE = Path(__file__).parent
FOREIGN_LIMIT = 0.12
_LIMIT_SECONDS = 1800


class RunFailed(Exception):  # noqa: N818 - reads as what happened
    """A measuring process ended with an error; the text is the end of what it said."""


@dataclass(frozen=True)
class Sample:
    """What one run of one case gave."""

    case: str
    system: str
    numbers: dict[str, float]
    foreign_share: float

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.numbers.items())
        return f"{self.case} · {self.system}: {numbers} (foreign CPU {self.foreign_share:.0%})"


@dataclass(frozen=True)
class Failure:
    """A run that gave nothing; the others go on, and the command ends with an error."""

    case: str
    system: str
    reason: str

    @property
    def name(self) -> str:
        """What failed."""
        return f"{self.system} in {self.case}"

    def __str__(self) -> str:
        return f"{self.case} · {self.system}: FAILED\n{self.reason}"


def samples(
    server: Server, plan: list[Case], skipped: frozenset[str], tries: int
) -> Iterator[Sample | Failure]:
    """All samples; within a case the systems take turns, so that a slow minute meets them all."""
    for case in plan:
        for _repeat in range(case.repeats):
            for system in case.systems:
                if system not in skipped:
                    yield _undisturbed(server, case, system, tries)


def _undisturbed(server: Server, case: Case, system: str, tries: int) -> Sample | Failure:
    """The first of `tries` runs that had the machine for itself, else the calmest."""
    disturbed: list[Sample] = []
    while len(disturbed) < tries:
        try:
            sample = _sample(server, case, system)
        except (RunFailed, subprocess.TimeoutExpired) as error:
            return Failure(case.name, system, str(error))
        if sample.foreign_share <= FOREIGN_LIMIT:
            return sample
        disturbed.append(sample)
    return min(disturbed, key=lambda sample: sample.foreign_share)


def _sample(server: Server, case: Case, system: str) -> Sample:
    def install(target: Target) -> None:
        _run(Order(system, "install", target))

    with server.database(system, install) as target:
        order = Order(system, case.kind, target, case.parameters_of(system))
        watch = Watch(os.getpid(), server.postmaster)
        numbers = _run(order)
        return Sample(case.name, system, numbers, watch.foreign_share())


def _run(order: Order) -> dict[str, float]:
    command = (
        ["node", str(HERE / "node" / "drive.js")]
        if order.system in NODE
        else [sys.executable, "-m", "tests.benchmarks.jobs.drive"]
    )
    result = subprocess.run(
        [*command, order.dumps()],
        check=False,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    if result.returncode:
        raise RunFailed(f"{result.stdout[-1000:]}\n{result.stderr[-2000:]}")
    numbers: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return numbers
