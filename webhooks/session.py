"""The token exchange, and the public keys that verify its tokens."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from webhooks import bodies
from webhooks.accounts import caller_of
from webhooks.authentication import clerk_session, public
from webhooks.clerk_tokens import Session
from webhooks.context import current_edge
from webhooks.problems import Problem
from webhooks.rate_limits import limit
from webhooks.token_issuer import ALGORITHM, Caller, KeyCaller

blueprint = Blueprint("session", __name__)

_CACHE = "public, max-age=300"


@blueprint.post("/auth/session")
@clerk_session
def create_session(proof: Session | KeyCaller) -> Response:
    """Exchanges a Clerk session token or an API key for our access token.

    The answer has the form of RFC 8693. The answer to an API key also has its scope. `api_url` is
    the address of the account's cell. No other cell accepts the token. Only with several cells
    does the answer have `cell` and `anon_key`.
    """
    if bodies.raw(1):
        raise Problem(413, "too_large", "This request takes no body.")
    edge = current_edge()
    issuer, now = edge.token_issuer, edge.now()
    caller: Caller
    more: dict[str, str] = {}
    if isinstance(proof, Session):
        limit("session", proof.subject, per_minute=edge.settings.sessions_per_minute)
        caller = caller_of(proof)
        token = issuer.issue(proof, caller, now=now)
    else:
        caller = proof
        token = issuer.issue_for_key(proof, now=now)
        more["scope"] = " ".join(proof.scopes)
    seconds = issuer.seconds_of(caller, now=now)
    cell = edge.cells.of_audience(caller.audience)
    if cell.id is not None:
        more["cell"] = cell.id
    if cell.anon_key is not None:
        more["anon_key"] = cell.anon_key
    response = jsonify(
        access_token=token,
        issued_token_type="urn:ietf:params:oauth:token-type:jwt",  # noqa: S106 - a type, no secret
        token_type="Bearer",  # noqa: S106 - same
        expires_in=seconds,
        expires_at=now + seconds,
        user={"id": str(caller.person_id or caller.account_id)},
        account={"id": str(caller.account_id), "kind": caller.kind, "role": caller.role},
        api_url=cell.api_url,
        **more,
    )
    response.headers["Pragma"] = "no-cache"
    return response


@blueprint.get("/.well-known/openid-configuration")
@public
def discovery() -> Response:
    """Where verifiers of our tokens, such as a hosted project, find the keys."""
    issuer = current_edge().token_issuer.issuer
    response = jsonify(
        issuer=issuer,
        jwks_uri=f"{issuer.rstrip('/')}/.well-known/jwks.json",
        id_token_signing_alg_values_supported=[ALGORITHM],
    )
    response.headers["Cache-Control"] = _CACHE
    return response


@blueprint.get("/.well-known/jwks.json")
@public
def public_keys() -> Response:
    """The public half of every key in the file: the next, the current and the previous one."""
    keys = current_edge().token_issuer.keys
    response = jsonify(keys.published)
    response.headers["Cache-Control"] = _CACHE
    response.set_etag(keys.etag)
    response.make_conditional(request)
    return response
