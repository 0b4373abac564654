"""Apify's webhook: a run has ended, so the job that snoozes for it is woken.

Apify signs nothing. Each run has a secret of its own. The body is not parsed: the job asks Apify's
API how the run ended.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import cast

import structlog
from flask import Blueprint, Response, jsonify, request

from webhooks import bodies
from webhooks.authentication import declares
from webhooks.context import current_edge
from webhooks.database import Database
from webhooks.metrics import APIFY_EVENTS
from webhooks.problems import Problem
from webhooks.rate_limits import count_refusal, refuse_suspects

log = structlog.get_logger()
blueprint = Blueprint("apify_events", __name__)

MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True)
class _RunWebhook:
    """The webhook of an actor run, and the databases of the cells that know it."""

    webhook_id: uuid.UUID
    databases: list[Database]


def _check_secret() -> _RunWebhook:
    """The webhook that the request names. An unknown id and a wrong secret get the same 404."""
    bodies.raw(MAX_BODY_BYTES)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        webhook_id = uuid.UUID(request.args.get("id", ""))
    except ValueError:
        webhook_id = uuid.UUID(int=0)
    refuse_suspects()
    found = hashlib.sha256(given.encode()).digest()
    query = "select private.apify_secret_hash(%s) as hash"
    # Two cells know the webhook while its account moves.
    databases = [
        cell.database
        for cell in current_edge().cells.all()
        if hmac.compare_digest(found, cast("bytes", cell.database.call(query, webhook_id)["hash"]))
    ]
    if not databases:
        APIFY_EVENTS.labels("refused").inc()
        count_refusal()
        raise Problem(404, "not_found", "There is no such webhook.")
    return _RunWebhook(webhook_id, databases)


@blueprint.post("/apify/webhook")
@declares("run_secret", _check_secret)
def receive(run: _RunWebhook) -> Response:
    """200, also when no job snoozes for the run: it woke earlier, or this is a repeated call."""
    query = "select private.wake_for_apify(%s) as is_woken"
    are_woken = [each.call(query, run.webhook_id)["is_woken"] for each in run.databases]
    outcome = "woken" if any(are_woken) else "not_waiting"
    APIFY_EVENTS.labels(outcome).inc()
    log.info("apify_event", outcome=outcome)
    return jsonify(received=True)
