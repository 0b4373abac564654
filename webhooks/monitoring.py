"""Liveness, readiness, metrics, and one log line per request.

The line names the request's id, route and codes, never its contents.
"""

from __future__ import annotations

import contextlib
import re
import time

import psycopg
import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request

from core import tracing
from webhooks.authentication import public
from webhooks.clerk_keys import KeysUnavailable
from webhooks.context import current_edge
from webhooks.metrics import (
    DATABASE_UP,
    JWKS_AGE_SECONDS,
    REQUEST_SECONDS,
    exposition,
    observe_server,
)
from webhooks.problems import Problem
from webhooks.request_log import request_log

log = structlog.get_logger()

blueprint = Blueprint("monitoring", __name__)

_REQUEST_ID = re.compile(r"[\w-]{8,64}\Z", re.ASCII)
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})


@blueprint.get("/healthz")
@public
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """200 if the database answers and Clerk's keys are known; 503 otherwise and while stopping."""
    edge = current_edge()
    if edge.stopping.is_set():
        raise Problem(503, "not_ready", "Not ready: stopping.")
    missing = []
    try:
        edge.database.call("select 1 as one")
    except psycopg.OperationalError:
        missing.append("database")
    try:
        if edge.clerk_keys.age_seconds() is None:
            edge.clerk_keys.for_key("")
    except KeysUnavailable:
        missing.append("clerk_keys")
    if missing:
        raise Problem(503, "not_ready", f"Not ready: {', '.join(missing)}.")
    return jsonify(status="ready")


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """For Prometheus. The proxy in front must not pass this path on."""
    edge = current_edge()
    JWKS_AGE_SECONDS.set(edge.clerk_keys.age_seconds() or 0)
    try:  # the counters need no database
        with edge.database.session() as db:
            observe_server(db.execute("select * from private.server_metrics()").fetchall())
        DATABASE_UP.set(1)
    except psycopg.OperationalError:
        DATABASE_UP.set(0)
    body, content_type = exposition()
    return Response(body, content_type=content_type)


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_end_span)


def _begin() -> None:
    line = request_log()
    offered = request.headers.get("X-Request-Id", "")
    if _REQUEST_ID.match(offered):
        line.request_id = offered
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=line.request_id)
    trace = tracing.begin(request.headers.get("traceparent"))
    if (route := _route()) not in _QUIET_ROUTES:
        method = request.method if request.url_rule else "(any)"
        g.span_scope = contextlib.ExitStack()
        g.span = g.span_scope.enter_context(
            tracing.span(f"{method} {route}", kind="server", parent=trace, http__route=route)
        )


def _route() -> str:
    # The template, not the path: a path may hold anything, and metrics need few labels.
    return request.url_rule.rule if request.url_rule else "(none)"


def _end_span(_error: BaseException | None = None) -> None:
    if "span_scope" in g:
        g.span_scope.close()


def _end(response: Response) -> Response:
    line = request_log()
    response.headers["X-Request-Id"] = line.request_id
    route = _route()
    if "span" in g:
        g.span.set_attribute("http.response.status_code", response.status_code)
    seconds = time.perf_counter() - line.started
    REQUEST_SECONDS.labels(route, response.status_code).observe(seconds)
    if route not in _QUIET_ROUTES and line.is_logged:
        log.info(
            "request",
            method=request.method if request.url_rule else "(any)",
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
            code=line.problem_code,
            refusal=line.refusal,
        )
    return response
