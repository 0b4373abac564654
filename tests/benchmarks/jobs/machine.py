"""What the machine is, and how much of its CPU somebody else used during a measurement."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from pathlib import Path

import psutil


class Watch:
    """Measures from its making to `foreign_share()`.

    A process's own counters include the children that it has waited for, so the sum over a tree
    counts everything that ran in it once, whether it still runs or not.
    """

    def __init__(self, *roots: int) -> None:
        self._roots = roots
        self._since = time.monotonic()
        self._busy = _busy_seconds()
        self._ours = self.cpu_seconds()

    def foreign_share(self) -> float:
        """Time that neither the trees of `roots` used nor the machine idled away."""
        capacity = (time.monotonic() - self._since) * (os.cpu_count() or 1)
        busy = _busy_seconds() - self._busy
        ours = self.cpu_seconds() - self._ours
        return max(0.0, (busy - ours) / capacity)

    def cpu_seconds(self) -> float:
        """Time that the trees of `roots` have used so far."""
        return sum(map(tree_seconds, self._roots))


def tree_seconds(root: int) -> float:
    """CPU time of a process and its children, gone ones included."""
    while True:
        process = psutil.Process(root)
        # Counted anew where one ends meanwhile: its time is its parent's, who was read before.
        with suppress(psutil.NoSuchProcess):
            return sum(
                sum(member.cpu_times()[:4])
                for member in [*process.children(recursive=True), process]
            )


def describe() -> dict[str, str]:
    """What a reader needs to judge the numbers."""
    return {
        "cores": str(os.cpu_count()),
        "cpu": _cpu_name(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.steal)


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
