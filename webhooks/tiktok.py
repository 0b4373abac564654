"""A creator connects their own TikTok account, and ends that again.

The way back from TikTok is a plain visit of a browser, without a token of ours: whose it is tells
the state alone, which is random, kept as a hash, and serves once.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, g, jsonify, redirect, request

from core.sealing import Unreadable
from core.tiktok import SCOPES, TikTokError
from webhooks import authentication
from webhooks.authentication import declares, signed_in
from webhooks.edge import TikTok, current_edge
from webhooks.problems import Problem, unavailable
from webhooks.rate_limits import limit

if TYPE_CHECKING:
    import uuid

    from werkzeug.wrappers import Response as AnyResponse

    from core.tiktok import Tokens

log = structlog.get_logger()
blueprint = Blueprint("tiktok", __name__)

CONNECTS_PER_MINUTE = 10
_MAX_CODE_CHARACTERS = 2000


@blueprint.post("/tiktok/connect")
@signed_in
def connect() -> tuple[Response, int]:
    """201 `{"url"}` of the page at TikTok where the creator agrees."""
    user_id, tiktok = _limited_user(), _configured()
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    row = current_edge().database.call(
        "select private.begin_tiktok(%s, %s, %s) as is_begun",
        *(user_id, _hash(state), tiktok.sealer.seal(verifier)),
    )
    if not row["is_begun"]:
        raise _deleted()
    return jsonify(url=tiktok.login.authorize_url(state, verifier, tiktok.redirect_uri)), 201


@blueprint.delete("/tiktok/connect")
@signed_in
def disconnect() -> tuple[str, int]:
    """204, also where nothing was connected; a job tells TikTok."""
    current_edge().database.call(
        "select private.disconnect_tiktok(%s) as is_ended", _limited_user()
    )
    return "", 204


def _brings_a_state() -> None:
    """Single-use, whatever comes of it: a second visit with the same state is refused."""
    row = current_edge().database.call(
        "select * from private.take_tiktok_state(%s)", _hash(request.args.get("state", ""))
    )
    if row["user_id"] is None:
        raise Problem(
            400, "invalid_state", "This link was used already or is too old. Please connect again."
        )
    g.user_id, g.sealed_verifier = row["user_id"], row["verifier"]


@blueprint.get("/tiktok/callback")
@declares("tiktok_state", _brings_a_state)
def callback() -> AnyResponse:
    """Back to the frontend, which reads `tiktok` in the address: connected, denied or failed."""
    tiktok, code = _configured(), request.args.get("code", "")
    if not code or len(code) > _MAX_CODE_CHARACTERS:
        return _back("denied")
    try:
        verifier = tiktok.sealer.open(g.sealed_verifier)
        tokens = tiktok.login.exchange(code, verifier, tiktok.redirect_uri)
        if not set(SCOPES) <= tokens.scopes:  # the creator unticked a box
            tiktok.login.revoke(tokens.access)
            return _back("denied")
        is_saved = _save(tiktok, authentication.user_id(), tokens)
        if not is_saved:
            tiktok.login.revoke(tokens.access)
    except (TikTokError, Unreadable) as error:
        log.warning("tiktok_connect_failed", reason=getattr(error, "code", "unreadable"))
        return _back("failed")
    return _back("connected" if is_saved else "failed")


def _save(tiktok: TikTok, user_id: uuid.UUID, tokens: Tokens) -> bool:
    row = current_edge().database.call(
        "select private.save_tiktok(%s, %s, %s, %s, %s, %s, %s) as is_saved",
        user_id,
        tokens.open_id,
        ",".join(sorted(tokens.scopes)),
        tiktok.sealer.seal(tokens.access),
        tiktok.sealer.seal(tokens.refresh),
        tokens.access_seconds,
        tokens.refresh_seconds,
    )
    return bool(row["is_saved"])


def _limited_user() -> uuid.UUID:
    user_id = authentication.user_id()
    limit("tiktok", str(user_id), per_minute=CONNECTS_PER_MINUTE)
    return user_id


def _configured() -> TikTok:
    tiktok = current_edge().tiktok
    if tiktok is None:
        raise unavailable("TikTok is not set up here.", code="tiktok_not_configured")
    return tiktok


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()


def _deleted() -> Problem:
    return Problem(403, "account_deleted", "This account has been deleted.")


def _back(outcome: str) -> AnyResponse:
    """To our own frontend only, never to an address that a browser brings."""
    query = urlencode({"tiktok": outcome})
    return redirect(f"{current_edge().settings.app_url}/connections?{query}", 303)
