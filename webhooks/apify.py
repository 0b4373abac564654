"""Apify's webhook: a run has ended, so the job that snoozes for it is woken.

Apify signs nothing. Each run has a secret of its own. The body is not parsed: the job asks Apify's
API how the run ended.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import cast

import structlog
from flask import Blueprint, Response, jsonify, request

from webhooks import bodies
from webhooks.authentication import declares
from webhooks.context import current_edge
from webhooks.metrics import APIFY_EVENTS
from webhooks.problems import Problem
from webhooks.rate_limits import count_refusal, refuse_suspects

log = structlog.get_logger()
blueprint = Blueprint("apify_events", __name__)

MAX_BODY_BYTES = 64 * 1024


def _check_secret() -> uuid.UUID:
    """The webhook's id. An unknown id and a wrong secret get one answer: nobody learns ids."""
    bodies.raw(MAX_BODY_BYTES)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        webhook_id = uuid.UUID(request.args.get("id", ""))
    except ValueError:
        webhook_id = uuid.UUID(int=0)
    refuse_suspects()
    row = current_edge().database.call("select private.apify_secret_hash(%s) as hash", webhook_id)
    found = hashlib.sha256(given.encode()).digest()
    if not hmac.compare_digest(found, cast("bytes", row["hash"])):
        APIFY_EVENTS.labels("refused").inc()
        count_refusal()
        raise Problem(404, "not_found", "There is no such webhook.")
    return webhook_id


@blueprint.post("/apify/webhook")
@declares("run_secret", _check_secret)
def receive(webhook_id: uuid.UUID) -> Response:
    """200, also when no job snoozes for the run: it woke earlier, or this is a repeated call."""
    row = current_edge().database.call("select private.wake_for_apify(%s) as is_woken", webhook_id)
    outcome = "woken" if row["is_woken"] else "not_waiting"
    APIFY_EVENTS.labels(outcome).inc()
    log.info("apify_event", outcome=outcome)
    return jsonify(received=True)
