"""Clerk's webhook: one transaction records a deletion and erases the account."""

from __future__ import annotations

import re
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, request

from webhooks.accounts import new_account_id
from webhooks.authentication import signature
from webhooks.clerk_tokens import SUBJECT
from webhooks.context import current_edge
from webhooks.metrics import CLERK_EVENTS
from webhooks.problems import Problem
from webhooks.signatures import verify_svix

log = structlog.get_logger()
blueprint = Blueprint("clerk_events", __name__)

_TYPE = re.compile(r"[A-Za-z0-9_]{1,40}(\.[A-Za-z0-9_]{1,40}){1,4}\Z")

_signed_by_clerk = signature(
    "svix_signature",
    lambda settings: settings.clerk_webhook_secrets,
    lambda body, headers, secrets, now: verify_svix(body, dict(headers), secrets=secrets, now=now),
    CLERK_EVENTS,
)


@blueprint.post("/clerk/webhook")
@_signed_by_clerk
def receive(event: dict[str, Any]) -> Response:
    """200 once the event is stored. A deletion without `id`, which Clerk allows, erases nobody."""
    edge, kind = current_edge(), event.get("type")
    if not isinstance(kind, str) or not _TYPE.match(kind):
        raise Problem(400, "invalid_request", "This is not a Clerk event.")
    data = event.get("data")
    subject = data.get("id") if isinstance(data, dict) else None
    if not isinstance(subject, str) or not SUBJECT.match(subject):
        subject = None
    issuer = edge.settings.clerk_issuer
    row = edge.database.call(
        "select private.record_clerk_event(%s, %s, %s, %s, %s) as outcome",
        *(request.headers["Svix-Id"], kind, issuer, subject),
        new_account_id(issuer, subject) if subject else None,
    )
    outcome = str(row["outcome"])
    CLERK_EVENTS.labels("user.deleted" if kind == "user.deleted" else "(other)", outcome).inc()
    log.info("clerk_event", type=kind, outcome=outcome)
    return jsonify(received=True, duplicate=outcome == "duplicate")
