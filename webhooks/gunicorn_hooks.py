"""gunicorn's hooks: errors are problems, no banner, and not ready before it stops."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi

from webhooks.headers import ALWAYS
from webhooks.problems import code_of, document


def adapt() -> None:
    """For the master, before it starts workers."""
    util.write_error = _write_problem
    original = wsgi.Response.default_headers
    wsgi.Response.default_headers = lambda response: [
        line for line in original(response) if not line.startswith("Server:")
    ]


def bound_clients(worker: Any) -> None:
    """For a worker: how long a request may take to arrive, how many one address may begin."""
    settings = worker.wsgi.extensions["edge"].settings
    worker.read_seconds = settings.read_seconds
    # A proxy is one address for all of its clients; the bound is its own then.
    worker.per_address = None if settings.trusted_proxies else settings.connections_per_address


def stop_softly(worker: Any) -> None:
    """For a worker: after SIGTERM it is not ready, but serves on until proxies have noticed."""
    edge = worker.wsgi.extensions["edge"]
    after_seconds = edge.settings.drain_seconds

    def stop(number: int, frame: object) -> None:
        edge.stopping.set()
        threading.Timer(after_seconds, worker.handle_exit, (number, frame)).start()

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - as gunicorn has it: requests go on


def _write_problem(sock: Any, status: int, reason: str, _message: str) -> None:
    """The answer to what never became a request; gunicorn's own is HTML that repeats the input."""
    body = json.dumps(document(status, code_of(status), f"{reason}.", instance=""))
    headers = {
        "Connection": "close",
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        **ALWAYS,
    }
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    util.write_nonblock(sock, "\r\n".join([*lines, "", body]).encode("ascii"))
