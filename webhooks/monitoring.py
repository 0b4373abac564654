"""Is the process alive, can it serve, what has it counted; and one log line per request.

The line has a request id and names routes and codes, never contents.
"""

from __future__ import annotations

import contextlib
import re
import time
import uuid

import psycopg
import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request

from webhooks.authentication import public
from webhooks.clerk_keys import KeysUnavailable
from webhooks.context import Edge, current_edge
from webhooks.metrics import JWKS_AGE_SECONDS, ORPHAN_EVENTS, REQUEST_SECONDS, exposition
from webhooks.problems import Problem

log = structlog.get_logger()

blueprint = Blueprint("health", __name__)

_REQUEST_ID = re.compile(r"[\w-]{8,64}\Z", re.ASCII)
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})


@blueprint.get("/healthz")
@public
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """Ready when the database answers and a Clerk token could be checked; never while stopping."""
    edge = current_edge()
    if edge.stopping.is_set():
        raise Problem(503, "not_ready", "Not ready: stopping.")
    missing = [
        name
        for name, is_there in (("database", _has_database(edge)), ("clerk_keys", _has_keys(edge)))
        if not is_there
    ]
    if missing:
        raise Problem(503, "not_ready", f"Not ready: {', '.join(missing)}.")
    return jsonify(status="ready")


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus; a proxy in front keeps strangers away from it."""
    edge = current_edge()
    JWKS_AGE_SECONDS.set(edge.clerk_keys.age_seconds() or 0)
    with contextlib.suppress(psycopg.OperationalError):  # the counters are here all the same
        row = edge.database.call("select private.orphan_events() as count")
        ORPHAN_EVENTS.set(float(str(row["count"])))
    body, content_type = exposition()
    return Response(body, content_type=content_type)


def _has_database(edge: Edge) -> bool:
    try:
        edge.database.call("select 1 as one")
    except psycopg.OperationalError:
        return False
    return True


def _has_keys(edge: Edge) -> bool:
    if edge.clerk_keys.age_seconds() is not None:
        return True
    try:
        edge.clerk_keys.for_key("")
    except KeysUnavailable:
        return False
    return True


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
