"""The least that a Flask route can be, under the edge's own gunicorn settings."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    """One route that answers at once."""
    app = Flask("bare", static_folder=None)

    @app.post("/auth/session")
    def answer() -> dict[str, str]:
        return {"access_token": "x" * 700}

    @app.post("/subscriptions/webhook")
    def receive() -> dict[str, bool]:
        return {"received": True}

    return app
