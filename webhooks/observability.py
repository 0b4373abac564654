"""A request id and one log line per request; the line names routes and codes, never contents."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from webhooks.metrics import REQUEST_SECONDS

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[\w-]{8,64}\Z", re.ASCII)
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    offered = request.headers.get("X-Request-Id", "")
    g.request_id = offered if _REQUEST_ID.match(offered) else str(uuid.uuid4())
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    # The template, not the path: a path may hold anything, and metrics need few labels.
    route = request.url_rule.rule if request.url_rule else "(none)"
    seconds = time.perf_counter() - g.started
    REQUEST_SECONDS.labels(route, response.status_code).observe(seconds)
    if route not in _QUIET_ROUTES and not g.get("is_flood"):
        log.info(
            "request",
            method=request.method if request.url_rule else "(any)",
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
            code=g.get("problem_code"),
            refusal=g.get("refusal"),
        )
    return response
