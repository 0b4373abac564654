"""A key set on loopback: counts who asks, and can be changed or answer anything."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class KeyServer:
    body: bytes
    status: int = 200
    fetches: int = 0
    user_agent: str = ""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/.well-known/jwks.json"


@contextmanager
def serving(keys: object, *, status: int = 200) -> Iterator[KeyServer]:
    """Serves a key set, or bytes as they are, until the block ends."""
    body = keys if isinstance(keys, bytes) else json.dumps(keys).encode()
    made = KeyServer(body, status)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.fetches += 1
            made.user_agent = self.headers["User-Agent"]
            self.send_response(made.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
