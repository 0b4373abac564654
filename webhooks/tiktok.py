"""A creator connects their own TikTok account, or disconnects it.

TikTok redirects the browser to the frontend with `state` and `code`. The frontend posts both here
with its bearer token. The state is random, stored as a hash, and valid once, for one account.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid

import structlog
from flask import Blueprint, Response, jsonify

from core.encryption import DecryptionError
from core.tiktok import SCOPES, TikTokError
from webhooks import bodies
from webhooks.authentication import signed_in
from webhooks.context import TikTok, current_edge
from webhooks.database import Database
from webhooks.problems import Problem, account_deleted, unavailable
from webhooks.rate_limits import limit

log = structlog.get_logger()
blueprint = Blueprint("tiktok", __name__)

CONNECTS_PER_MINUTE = 10
_MAX_CODE_CHARACTERS = 2000
_MAX_BODY_BYTES = 4096


@blueprint.post("/tiktok/connect")
@signed_in("editor")
def connect(user_id: uuid.UUID) -> tuple[Response, int]:
    """201 `{"url"}` of the page at TikTok where the creator consents."""
    _limit(user_id)
    tiktok = _configured()
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    row = _database(user_id).call(
        "select private.begin_tiktok(%s, %s, %s) as is_begun",
        *(user_id, _hash(state), tiktok.encryption.encrypt(verifier)),
    )
    if not row["is_begun"]:
        raise account_deleted()
    return jsonify(url=tiktok.login.authorize_url(state, verifier, tiktok.redirect_uri)), 201


@blueprint.delete("/tiktok/connect")
@signed_in("editor")
def disconnect(user_id: uuid.UUID) -> tuple[str, int]:
    """204, also without a connection. A job revokes the tokens at TikTok."""
    _limit(user_id)
    _database(user_id).call("select private.disconnect_tiktok(%s) as is_ended", user_id)
    return "", 204


@blueprint.post("/tiktok/callback")
@signed_in("editor")
def callback(user_id: uuid.UUID) -> Response:
    """`{"state", "code"}` as TikTok gave them to the frontend → 200 `{"status": "connected"}`."""
    body = bodies.json_object(_MAX_BODY_BYTES)
    state, code = body.get("state", ""), body.get("code", "")
    if not isinstance(state, str) or not isinstance(code, str):
        raise Problem(400, "invalid_request", "State and code are texts.")
    _limit(user_id)
    verifier, tiktok = _take_state(user_id, state), _configured()
    if not code or len(code) > _MAX_CODE_CHARACTERS:
        raise _denied()
    try:
        tokens = tiktok.login.exchange(
            code, tiktok.encryption.decrypt(verifier), tiktok.redirect_uri
        )
        if not set(SCOPES) <= tokens.scopes:  # the creator unticked a box
            tiktok.login.revoke(tokens.access)
            raise _denied()
        row = _database(user_id).call(
            "select private.save_tiktok(%s, %s, %s, %s, %s, %s, %s) as is_saved",
            user_id,
            tokens.open_id,
            ",".join(sorted(tokens.scopes)),
            tiktok.encryption.encrypt(tokens.access),
            tiktok.encryption.encrypt(tokens.refresh),
            tokens.access_seconds,
            tokens.refresh_seconds,
        )
        if not row["is_saved"]:
            tiktok.login.revoke(tokens.access)
            raise account_deleted()
    except (TikTokError, DecryptionError) as error:
        log.warning("tiktok_connect_failed", reason=getattr(error, "code", "unreadable"))
        raise Problem(
            502, "tiktok_failed", "TikTok did not confirm the connection. Please connect again."
        ) from error
    return jsonify(status="connected")


def _take_state(user_id: uuid.UUID, state: str) -> str:
    """The PKCE verifier of a state; the state is used up, whatever follows.

    Only the account that asked for the state may use it. Otherwise an attacker could send their
    link to somebody else and connect that person's posts to the attacker's account.
    """
    row = _database(user_id).call(
        "select private.take_tiktok_state(%s, %s) as verifier", user_id, _hash(state)
    )
    if row["verifier"] is None:
        raise Problem(
            400,
            "invalid_state",
            "This link is not yours, was used already, or is too old. Please connect again.",
        )
    return str(row["verifier"])


def _database(user_id: uuid.UUID) -> Database:
    return current_edge().cells.of_account(user_id).database


def _limit(user_id: uuid.UUID) -> None:
    limit("tiktok", str(user_id), per_minute=CONNECTS_PER_MINUTE)


def _configured() -> TikTok:
    tiktok = current_edge().tiktok
    if tiktok is None:
        raise unavailable("TikTok is not set up here.", code="tiktok_not_configured")
    return tiktok


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode(errors="replace")).digest()


def _denied() -> Problem:
    return Problem(422, "tiktok_denied", "Not everything was granted. Please connect again.")
