"""gunicorn's hooks: problem documents for its own errors, no Server header, a soft stop."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi

from webhooks.headers import DEFAULTS
from webhooks.problems import code_of, document


def adapt() -> None:
    """Run by the master before it starts workers."""
    util.write_error = _write_problem
    original = wsgi.Response.default_headers
    wsgi.Response.default_headers = lambda response: [
        line for line in original(response) if not line.startswith("Server:")
    ]


def hold_stops() -> None:
    """Run by the master: SIGTERM waits for a worker that starts.

    Until a worker has handlers of its own, those of the master would take the signal and lose it.
    """
    stops = {signal.SIGTERM}
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, stops),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, stops),
    )


def bound_clients(worker: Any) -> None:
    """Run by a worker: limits the time to send a request and the connections of an address."""
    settings = worker.wsgi.edge.settings
    worker.read_seconds = settings.read_seconds
    # All clients of a proxy share its address, so the proxy has to limit them.
    worker.per_address = None if settings.trusted_proxies else settings.connections_per_address


def stop_softly(worker: Any) -> None:
    """Run by a worker: after SIGTERM it serves on, not ready, until proxies have noticed."""
    edge = worker.wsgi.edge
    after_seconds = edge.settings.drain_seconds

    def stop(number: int, frame: object) -> None:
        edge.stopping.set()
        threading.Timer(after_seconds, worker.handle_exit, (number, frame)).start()

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - system calls of running requests go on
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # `hold_stops` blocked it


def _write_problem(sock: Any, status: int, reason: str, _message: str) -> None:
    """Answers bytes that are no request. gunicorn's own answer is HTML that repeats them."""
    body = json.dumps(document(status, code_of(status), f"{reason}.", instance=""))
    headers = {
        "Connection": "close",
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        **DEFAULTS,
    }
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    util.write_nonblock(sock, "\r\n".join([*lines, "", body]).encode("ascii"))
