"""Strangers send bodies of 10, 15, 60 and 120 MB through the gateway; a user goes on reading."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import quantiles

import httpx
import psutil

from local import processes
from local.layout import ROOT
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.trials.figures import Figure

_MB = 1_000_000
# How many at once, and how large.
_WAVES = [(4, 10), (1, 60), (1, 120), (24, 15)]
_QUIET_READS = 100
_MIN_READS = 200


@dataclass
class Reader:
    """A signed-in user who reads one page after the other."""

    client: httpx.Client
    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def read(self) -> None:
        since = time.perf_counter()
        try:
            answer = self.client.get("/product_overview?limit=20")
            self.failed += answer.status_code != 200
        except httpx.HTTPError:
            self.failed += 1
        self.seconds.append(time.perf_counter() - since)

    def percentile(self, part: int) -> float:
        """In milliseconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[part - 1] * 1000


def run() -> list[Figure]:
    """The waves again and again, until the user has read enough beside them."""
    remove_leftovers()
    stack = configured(ROOT / ".local" / f"flow-{os.getpid()}")
    try:
        stack.run("up")
        with stack.sign_in("reader") as client:
            return _figures(stack, client)
    finally:
        stack.stop()


def _figures(stack: LocalStack, client: httpx.Client) -> list[Figure]:
    idle, busy = Reader(client), Reader(client)
    for _ in range(_QUIET_READS):
        idle.read()
    before, statuses = _postgrest(stack), []
    sending = threading.Thread(target=lambda: statuses.extend(_send(stack, busy)))
    sending.start()
    memory = 0
    while sending.is_alive():
        busy.read()
        memory = max(memory, *(process.memory_info().rss for process in _postgrest(stack)))
    sending.join()
    gone = set(before) - set(_postgrest(stack))
    refused = statuses.count(413)
    return [
        Figure("bodies refused with 413", refused, f"of {len(statuses)}", at_least=len(statuses)),
        Figure(
            "the user's reads that failed",
            busy.failed,
            f"of {len(busy.seconds)}",
            "355 of 368",
            at_most=0,
        ),
        Figure("times PostgREST ended", len(gone), "", "each time", at_most=0),
        Figure("p99 of the user's reads, idle", idle.percentile(99), "ms"),
        Figure("p99 of the user's reads, beside it", busy.percentile(99), "ms"),
        Figure("PostgREST's memory, at most", memory / _MB, "MB", at_most=256),
    ]


def _send(stack: LocalStack, reader: Reader) -> list[int]:
    statuses: list[int] = []
    while len(reader.seconds) < _MIN_READS:
        for number, megabytes in _WAVES:
            body = bytes(megabytes * _MB)
            with ThreadPoolExecutor(number) as strangers:
                statuses += strangers.map(lambda _, body=body: _post(stack, body), range(number))
    return statuses


def _post(stack: LocalStack, body: bytes) -> int:
    try:
        return httpx.post(f"{stack.rest}/products", content=body, timeout=60).status_code
    except httpx.HTTPError:
        return 0


def _postgrest(stack: LocalStack) -> list[psutil.Process]:
    found = processes.of_stack(stack.layout.directory)
    return [process for process in found if process.name().startswith("postgrest")]
