"""The least that a Flask route can be, under the edge's own gunicorn settings."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from flask import Flask


def create_app() -> Flask:
    """Two routes that answer at once."""
    app = Flask("bare", static_folder=None)
    # What gunicorn's settings look for when a worker starts and when it is to stop.
    settings = SimpleNamespace(
        drain_seconds=0, read_seconds=10.0, trusted_proxies=0, connections_per_address=50
    )
    app.edge = SimpleNamespace(settings=settings, stopping=threading.Event())

    @app.post("/auth/session")
    def answer() -> dict[str, str]:
        return {"access_token": "x" * 700}

    @app.post("/subscriptions/webhook")
    def receive() -> dict[str, bool]:
        return {"received": True}

    return app
