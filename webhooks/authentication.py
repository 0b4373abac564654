"""Who calls: each route declares exactly one of these, and a test fails for one that doesn't."""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from flask import g, request
from prometheus_client import Counter
from pydantic import SecretStr
from werkzeug.datastructures import Headers

from core.config import EdgeSettings
from webhooks import bodies, clerk_tokens
from webhooks.clerk_keys import KeysUnavailable
from webhooks.clerk_tokens import InvalidToken, Session
from webhooks.context import current_edge
from webhooks.identities import resolve
from webhooks.metrics import TOKEN_VERIFICATIONS
from webhooks.problems import Problem, unavailable
from webhooks.rate_limits import count_refusal
from webhooks.signatures import InvalidSignature

View = Callable[..., Any]

# Two Authorization headers arrive joined by a comma, which the token part has no place for.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/=-]+)\Z")


def declares(kind: str, check: Callable[[], None]) -> Callable[[View], View]:
    """A decorator that runs `check` before the view and says so in the view's `auth`."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            check()
            return view(*args, **kwargs)

        guarded.auth = kind  # type: ignore[attr-defined]
        return guarded

    return decorate


def signature(
    kind: str,
    secrets_of: Callable[[EdgeSettings], Sequence[SecretStr]],
    verify: Callable[[bytes, Headers, list[str], int], dict[str, Any]],
    counter: Counter,
) -> Callable[[View], View]:
    """Declares that callers sign the raw body: `g.body`, and what is in it: `g.event`."""

    def check() -> None:
        edge = current_edge()
        secrets = [secret.get_secret_value() for secret in secrets_of(edge.settings)]
        if not secrets:
            raise unavailable("This webhook is not set up here.", code="webhook_not_configured")
        g.body = bodies.raw()
        try:
            g.event = verify(g.body, request.headers, secrets, edge.now())
        except InvalidSignature as error:
            counter.labels("(unsigned)", error.reason).inc()
            g.refusal = error.reason
            raise Problem(400, "invalid_signature", "The signature is not valid.") from error

    return declares(kind, check)


def _nothing() -> None:
    pass


def _clerk_session() -> None:
    g.session = _verified(_bearer())


def _account() -> None:
    """A Clerk token or one of ours: the success page of a checkout may hold either."""
    token = _bearer()
    edge = current_edge()
    try:
        g.user_id = edge.signer.verify(token, now=edge.now())
    except InvalidToken:
        g.user_id = resolve(_verified(token))


public = declares("public", _nothing)
clerk_session = declares("clerk_session", _clerk_session)
signed_in = declares("signed_in", _account)


def session() -> Session:
    """The verified Clerk session of this request."""
    found: Session = g.session
    return found


def user_id() -> uuid.UUID:
    """The account of this request."""
    found: uuid.UUID = g.user_id
    return found


def _bearer() -> str:
    # Cookies are not read at all: what a browser sends by itself proves nothing (CSRF).
    match = _BEARER.match(request.headers.get("Authorization", ""))
    if match is None:
        raise _refused("no_bearer_token")
    return match.group(1)


def _verified(token: str) -> Session:
    edge = current_edge()
    try:
        keys = edge.clerk_keys.for_key(clerk_tokens.key_id(token))
        verified = clerk_tokens.verify(token, jwks=keys, policy=edge.clerk_policy, now=edge.now())
    except InvalidToken as error:
        raise _refused(error.reason) from error
    except KeysUnavailable as error:
        TOKEN_VERIFICATIONS.labels("keys_unavailable").inc()
        raise unavailable(
            "Sign-in can't be checked right now. Please try again.", code="sign_in_unavailable"
        ) from error
    TOKEN_VERIFICATIONS.labels("accepted").inc()
    structlog.contextvars.bind_contextvars(session=_digest(verified.session_id))
    return verified


def _refused(reason: str) -> Problem:
    """One public code for every reason, so that a forger learns nothing."""
    TOKEN_VERIFICATIONS.labels(reason).inc()
    g.refusal = reason
    count_refusal()
    return Problem(
        401,
        "invalid_token",
        "The bearer token is missing or not valid. Please sign in again.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]
