"""Load from wrk, with the tokens of many accounts, and the CPU that the servers used for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.jobs.machine import Watch, tree_seconds

_SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 16


class LoadFailed(Exception):  # noqa: N818 - reads as what happened
    """A measurement that says nothing: answers were wrong, or a program ended with an error."""


@dataclass(frozen=True)
class Request:
    """One request of an account; a body makes it a POST."""

    path: str
    account: int
    body: str = ""

    def line(self, token: str) -> str:
        """As load.lua reads it."""
        return f"{'POST' if self.body else 'GET'}\t{self.path}\t{token}\t{self.body}\n"


@dataclass(frozen=True)
class Load:
    """What a run gave."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_request: float
    foreign_share: float


def write(path: Path, requests: Iterable[Request], tokens: list[str]) -> Path:
    """The requests as a file for `run`."""
    path.write_text("".join(request.line(tokens[request.account]) for request in requests))
    return path


def run(port: int, requests: Path, seconds: float, servers: list[int], watch: Watch) -> Load:
    """Sends the requests for so long; `servers` are process ids whose trees' CPU is counted."""
    before = sum(map(tree_seconds, servers))
    answer = _wrk(port, requests, seconds)
    used = sum(map(tree_seconds, servers)) - before
    if answer["wrong"]:
        raise LoadFailed(f"{answer['wrong']} of {answer['requests']} answers were errors")
    return Load(
        answer["requests"] / answer["seconds"],
        answer["p50_ms"],
        answer["p99_ms"],
        used / answer["requests"] * 1e6,
        watch.foreign_share(),
    )


def warm_up(port: int, requests: Path) -> None:
    """A second of the same: connections, prepared statements, verified tokens."""
    _wrk(port, requests, 1)


def _wrk(port: int, requests: Path, seconds: float) -> dict[str, float]:
    result = subprocess.run(
        [
            "wrk",
            *("-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds:g}s", "--latency"),
            *("--timeout", "10s", "-s", str(_SCRIPT), f"http://127.0.0.1:{port}"),
            *("--", str(requests)),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise LoadFailed(result.stderr or result.stdout)
    numbers: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return numbers
