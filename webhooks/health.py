"""Is the process alive, can it serve, and what has it counted."""

from __future__ import annotations

import contextlib

import psycopg
from flask import Blueprint, Response, jsonify

from webhooks.authentication import public
from webhooks.clerk_keys import KeysUnavailable
from webhooks.edge import Edge, current_edge
from webhooks.metrics import JWKS_AGE_SECONDS, ORPHAN_EVENTS, exposition
from webhooks.problems import Problem

blueprint = Blueprint("health", __name__)


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
