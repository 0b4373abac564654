"""Clerk's webhook: one transaction records an event, and erases, revokes or names what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, request

from core.database import traced
from webhooks.accounts import new_account_id
from webhooks.authentication import signature
from webhooks.cells import Place
from webhooks.clerk_tokens import ORGANISATION, SUBJECT, display_name
from webhooks.context import current_edge
from webhooks.metrics import CLERK_EVENTS
from webhooks.problems import Problem
from webhooks.signatures import verify_svix

log = structlog.get_logger()
blueprint = Blueprint("clerk_events", __name__)

# What the endpoint at Clerk subscribes to. Others are recorded as ignored.
USEFUL_TYPES = (
    "user.deleted",
    "organization.created",
    "organization.updated",
    "organization.deleted",
    "organizationMembership.deleted",
    "organizationMembership.updated",
)
_DELETIONS = ("user.deleted", "organization.deleted")
_TYPE = re.compile(r"[A-Za-z0-9_]{1,40}(\.[A-Za-z0-9_]{1,40}){1,4}\Z")

_signed_by_clerk = signature(
    "svix_signature",
    lambda settings: settings.clerk_webhook_secrets,
    lambda body, headers, secrets, now: verify_svix(body, dict(headers), secrets=secrets, now=now),
    CLERK_EVENTS,
)


@dataclass(frozen=True)
class _Identities:
    """Whose event it is, by their ids at Clerk, and its name; None for what it does not tell."""

    subject: str | None = None
    member: str | None = None
    name: str | None = None


@blueprint.post("/clerk/webhook")
@_signed_by_clerk
def receive(event: dict[str, Any]) -> Response:
    """200 once the event is stored. A deletion without `id`, which Clerk allows, erases nobody."""
    edge, kind = current_edge(), event.get("type")
    if not isinstance(kind, str) or not _TYPE.match(kind):
        raise Problem(400, "invalid_request", "This is not a Clerk event.")
    issuer, named = edge.settings.clerk_issuer, _identities(kind, event.get("data"))
    subject, member = _place(issuer, named.subject), _place(issuer, named.member)
    cells = [subject.cell if subject else edge.cells.home]
    if subject and kind in _DELETIONS:
        # A person may be a member in any cell. An account that moved left its name behind. Its own
        # cell comes first: while it moves, it refuses, and its new cell has no tombstone yet.
        cells += [each for each in edge.cells.all() if each.audience != subject.cell.audience]
    statement, parameters = traced(
        "select private.record_clerk_event("
        "%s, %s, %s, %s, %s, %s, %s, to_timestamp(%s), %s) as outcome",
        (
            *(request.headers["Svix-Id"], kind, issuer),
            *(named.subject, subject and subject.account_id),
            *(named.member, member and member.account_id),
            *(_seconds(event), named.name),
        ),
    )
    outcomes = [cell.database.call(statement, *parameters)["outcome"] for cell in cells]
    # Clerk repeats an event that failed halfway. It is new only to some cells.
    outcome = str(next((each for each in outcomes if each != "duplicate"), "duplicate"))
    CLERK_EVENTS.labels(kind if kind in USEFUL_TYPES else "(other)", outcome).inc()
    log.info("clerk_event", type=kind, outcome=outcome)
    return jsonify(received=True, duplicate=outcome == "duplicate")


def _place(issuer: str, subject: str | None) -> Place | None:
    if subject is None:
        return None
    return current_edge().cells.of_identity(issuer, subject, new_account_id(issuer, subject))


def _identities(kind: str, data: object) -> _Identities:
    if kind == "user.deleted":
        return _Identities(_text(data, "id", SUBJECT))
    if kind in USEFUL_TYPES and kind.startswith("organization."):
        name = data.get("name") if isinstance(data, dict) else None
        return _Identities(_text(data, "id", ORGANISATION), name=display_name(name))
    if kind in USEFUL_TYPES and isinstance(data, dict):
        return _Identities(
            _text(data.get("organization"), "id", ORGANISATION),
            _text(data.get("public_user_data"), "user_id", SUBJECT),
        )
    return _Identities()


def _text(data: object, name: str, pattern: re.Pattern[str]) -> str | None:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) and pattern.match(value) else None


def _seconds(event: dict[str, Any]) -> float:
    """When it happened at Clerk (Unix time): before it was sent, which Svix tells in seconds."""
    sent = int(request.headers["Svix-Timestamp"]) + 1
    milliseconds = event.get("timestamp")
    if type(milliseconds) is not int or not 0 <= milliseconds <= sent * 1000:
        return sent
    return milliseconds / 1000
