"""Apify's webhook: a run has ended, so the job that waits for it may look now.

Apify signs nothing. Each run has a secret of its own, and the body is not even read: it could say
anything, so the job asks Apify's API.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import cast

import structlog
from flask import Blueprint, Response, g, jsonify, request

from webhooks.authentication import declares
from webhooks.context import current_edge
from webhooks.metrics import APIFY_EVENTS
from webhooks.problems import Problem

log = structlog.get_logger()
blueprint = Blueprint("apify_events", __name__)

MAX_BODY_BYTES = 64 * 1024


def _knows_the_secret() -> None:
    """One answer for an unknown id and a wrong secret, so that nobody learns which ids exist."""
    request.max_content_length = MAX_BODY_BYTES
    request.get_data(cache=False)  # 413 for what is too large
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    g.apify_webhook = _id(request.args.get("id", ""))
    row = current_edge().database.call(
        "select private.apify_secret_hash(%s) as hash", g.apify_webhook
    )
    found = hashlib.sha256(given.encode()).digest()
    if not hmac.compare_digest(found, cast("bytes", row["hash"])):
        APIFY_EVENTS.labels("refused").inc()
        raise Problem(404, "not_found", "There is no such webhook.")


@blueprint.post("/apify/webhook")
@declares("run_secret", _knows_the_secret)
def receive() -> Response:
    """200 also where nobody waits: the job was faster, or this is a repetition."""
    row = current_edge().database.call(
        "select private.wake_for_apify(%s) as is_woken", g.apify_webhook
    )
    outcome = "woken" if row["is_woken"] else "not_waiting"
    APIFY_EVENTS.labels(outcome).inc()
    log.info("apify_event", outcome=outcome)
    return jsonify(received=True)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
