"""What a worker tells others over HTTP: its counters, and whether its event loop still runs.

The server has a thread of its own. So it answers while the event loop is blocked, and says so.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import make_wsgi_app

_TICK_SECONDS = 1.0
HUNG_SECONDS = 30.0  # blocked that long: its leases have ended, so another worker has the jobs


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Logs nothing: probes come every few seconds."""


class Monitor:
    """`/healthz` and `/metrics` of a worker. The worker is healthy while its event loop runs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turned_at = clock()  # the start counts: loading takes seconds

    def serve(self, host: str, port: int) -> None:
        """Serves in a thread until the process ends."""
        server = make_server(host, port, self.application(), _Server, _Quiet)
        threading.Thread(target=server.serve_forever, daemon=True, name="monitor").start()

    @contextmanager
    def watching(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Notes each second that the event loop runs."""
        handles: list[asyncio.Handle] = []

        def note() -> None:
            self._turned_at = self._clock()
            handles[:] = [loop.call_later(_TICK_SECONDS, note)]

        handles.append(loop.call_soon(note))
        try:
            yield
        finally:
            handles[0].cancel()

    def application(self) -> WSGIApplication:
        """Answers 503 on `/healthz` once the event loop has been blocked for HUNG_SECONDS."""
        metrics: WSGIApplication = make_wsgi_app()

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] != "/healthz":
                return metrics(environ, start_response)
            is_hung = self._clock() - self._turned_at > HUNG_SECONDS
            body = json.dumps({"status": "hung" if is_hung else "ok"}).encode()
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
            start_response("503 Service Unavailable" if is_hung else "200 OK", headers)
            return [body]

        return answer
