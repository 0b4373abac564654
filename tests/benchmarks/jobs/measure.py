"""Runs the plan: one process per measurement, systems in turn, disturbed ones again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import Timer

from tests.benchmarks.jobs.machine import Watch
from tests.benchmarks.jobs.plan import NODE, Case
from tests.benchmarks.jobs.server import Server
from tests.benchmarks.jobs.target import BEGIN, END, Order, Target

HERE = Path(__file__).parent
FOREIGN_LIMIT = 0.12
_LIMIT_SECONDS = 600


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
    server: Server, plan: list[Case], skipped: frozenset[str], again_until: float
) -> Iterator[Sample | Failure]:
    """All samples; systems and cases of a kind take turns, so that a slow minute meets them all.

    Until that moment (of the monotonic clock) a disturbed run is made once more.
    """
    for _kind, group in groupby(plan, key=lambda case: case.kind):
        alike = list(group)
        for repeat in range(max(case.repeats for case in alike)):
            for case in (case for case in alike if repeat < case.repeats):
                for system in case.systems:
                    if system not in skipped:
                        yield _undisturbed(server, case, system, again_until)


def _undisturbed(server: Server, case: Case, system: str, again_until: float) -> Sample | Failure:
    """A run that had the machine for itself, else the calmer of two."""
    try:
        sample = _sample(server, case, system)
        if sample.foreign_share > FOREIGN_LIMIT and time.monotonic() < again_until:
            again = _sample(server, case, system)
            sample = min(sample, again, key=lambda one: one.foreign_share)
    except RunFailed as error:
        return Failure(case.name, system, str(error))
    return sample


def _sample(server: Server, case: Case, system: str) -> Sample:
    def install(target: Target) -> None:
        _run(Order(system, "install", target), Watch(os.getpid()))

    with server.database(system, install) as target:
        order = Order(system, case.kind, target, case.parameters_of(system))
        watch = Watch(os.getpid(), server.postmaster)
        numbers, cpu_seconds = _run(order, watch)
        if "jobs_per_second" in numbers:
            numbers["cpu_us_per_job"] = cpu_seconds / order.parameters["jobs"] * 1e6
        return Sample(case.name, system, numbers, watch.foreign_share())


def _run(order: Order, watch: Watch) -> tuple[dict[str, float], float]:
    """The last line that a measuring process prints, and CPU seconds between its two marks."""
    command = (
        ["node", str(HERE / "node" / "drive.js")]
        if order.system in NODE
        else [sys.executable, "-m", "tests.benchmarks.jobs.drive"]
    )
    seconds = {BEGIN: 0.0, END: 0.0}
    line = ""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [*command, order.dumps()], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        limit = Timer(_LIMIT_SECONDS, process.kill)
        limit.start()
        for line in process.stdout or ():
            if line.strip() in seconds:
                seconds[line.strip()] = watch.cpu_seconds()
        limit.cancel()
        if process.wait():
            errors.seek(0)
            raise RunFailed(f"{line}\n{errors.read()[-2000:]}")
    numbers: dict[str, float] = json.loads(line)
    return numbers, seconds[END] - seconds[BEGIN]
