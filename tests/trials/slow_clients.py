"""200 clients that begin a request and wait: what others see of it, and when it is over."""

from __future__ import annotations

import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

import httpx

from tests.trials.figures import Figure
from tests.webhooks import served

_CLIENTS = 200
_WATCHED_SECONDS = 5.0
_POST = b"POST /clerk/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
_KINDS = {
    "one byte": b"G",
    "half a header": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
    "half a body": _POST,
}
_BEFORE = "no answer from 17 clients on"


def run() -> list[Figure]:
    """Each kind of client, at each address."""
    figures = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = "postgresql://nobody@127.0.0.1:1/none"
        edge = stack.enter_context(served.edge(Path(folder), url))
        gateway = stack.enter_context(served.gateway(edge.port))
        for name, port in (("edge", edge.port), ("gateway", gateway.port)):
            _milliseconds(port)  # until every process has started
            for kind, text in _KINDS.items():
                figures += _tried(f"{name}, {kind}", port, text)
    return figures


def _tried(what: str, port: int, text: bytes) -> list[Figure]:
    with ExitStack() as slow:
        for _ in range(_CLIENTS):
            connection = socket.create_connection(("127.0.0.1", port), 10)
            slow.enter_context(connection)
            connection.sendall(text)
        meanwhile = _milliseconds(port)
    afterwards = _milliseconds(port)
    return [
        Figure(f"{what}: /healthz p50 meanwhile", meanwhile[49], "ms", _BEFORE, at_most=1000),
        Figure(f"{what}: /healthz p99 meanwhile", meanwhile[98], "ms", _BEFORE, at_most=1000),
        Figure(f"{what}: /healthz p99 after", afterwards[98], "ms", "minutes", at_most=1000),
    ]


def _milliseconds(port: int) -> list[float]:
    """Percentiles of the time to an answer, over new connections, one after the other."""
    taken, until = [], time.monotonic() + _WATCHED_SECONDS
    new_each_time = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(limits=new_each_time, timeout=30, trust_env=False) as client:
        while time.monotonic() < until:
            started = time.perf_counter()
            client.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
            taken.append((time.perf_counter() - started) * 1000)
    return quantiles(taken, n=100, method="inclusive")
