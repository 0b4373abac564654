"""Who may call a route. Each route declares exactly one of these; a test names one that forgets."""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog
from flask import request
from prometheus_client import Counter
from pydantic import SecretStr
from werkzeug.datastructures import Headers

from core.config import ROLES, EdgeSettings
from webhooks import bodies
from webhooks.accounts import KEY_PREFIX, caller_of, caller_of_key
from webhooks.clerk_keys import KeysUnavailable
from webhooks.clerk_tokens import InvalidToken, Session, verify
from webhooks.context import current_edge
from webhooks.metrics import TOKEN_VERIFICATIONS
from webhooks.problems import Problem, unavailable
from webhooks.rate_limits import count_refusal
from webhooks.request_log import request_log
from webhooks.signatures import InvalidSignature
from webhooks.token_issuer import AnotherCell, Caller, KeyCaller

T = TypeVar("T")
R = TypeVar("R")

# Two Authorization headers arrive joined by a comma, which this pattern refuses.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/=-]+)\Z")


def declares(kind: str, check: Callable[[], T]) -> Callable[[Callable[[T], R]], Callable[[], R]]:
    """A decorator: the view takes what `check` returns. `kind` becomes the view's `auth`."""

    def decorate(view: Callable[[T], R]) -> Callable[[], R]:
        @functools.wraps(view)
        def guarded() -> R:
            return view(check())

        guarded.auth = kind  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: Callable[[], R]) -> Callable[[], R]:
    """Declares that the route asks for no proof."""
    view.auth = "public"  # type: ignore[attr-defined]
    return view


def signature(
    kind: str,
    secrets_of: Callable[[EdgeSettings], Sequence[SecretStr]],
    event_of: Callable[[bytes, Headers, list[str], int], dict[str, Any]],
    counter: Counter,
) -> Callable[[Callable[[dict[str, Any]], R]], Callable[[], R]]:
    """Declares that the sender signs the raw body. The view takes the event in it."""

    def check() -> dict[str, Any]:
        edge = current_edge()
        secrets = [secret.get_secret_value() for secret in secrets_of(edge.settings)]
        if not secrets:
            raise unavailable("This webhook is not set up here.", code="webhook_not_configured")
        try:
            return event_of(bodies.raw(), request.headers, secrets, edge.now())
        except InvalidSignature as error:
            counter.labels("(unsigned)", error.reason).inc()
            request_log().refusal = error.reason
            raise Problem(400, "invalid_signature", "The signature is not valid.") from error

    return declares(kind, check)


def clerk_session(view: Callable[[Session | KeyCaller], R]) -> Callable[[], R]:
    """Declares a Clerk session token, or an API key in its place.

    The view takes the verified session, or the caller of the key.
    """

    def check() -> Session | KeyCaller:
        token = _bearer()
        return _key_caller(token) if token.startswith(KEY_PREFIX) else _verified(token)

    return declares("clerk_session", check)(view)


def signed_in(role: str) -> Callable[[Callable[[uuid.UUID], R]], Callable[[], R]]:
    """Declares a Clerk token or one of ours, with this role. The view takes the account's id.

    Refuses somebody who signed in as another person, because what these routes do outlasts the
    session. The success page of a checkout may hold either token.
    """

    def account() -> uuid.UUID:
        caller = _caller()
        if caller.is_impersonated:
            raise Problem(
                403,
                "impersonation_not_allowed",
                "Somebody who signed in as another person may not do this. That person must.",
            )
        if ROLES.index(caller.role) < ROLES.index(role):
            raise Problem(
                403,
                "role_not_allowed",
                f"This needs the role {role}, and yours is {caller.role}.",
                details={"needed": role, "role": caller.role},
            )
        return caller.account_id

    return declares("signed_in", account)


def _caller() -> Caller:
    token = _bearer()
    edge = current_edge()
    try:
        caller = edge.token_issuer.verify(token, now=edge.now(), audience_of=_audience)
    except AnotherCell as error:
        raise Problem(
            401,
            "account_moved",
            "This account lives in another cell now. Get a new token, which says where.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ) from error
    except InvalidToken:
        return caller_of(_verified(token))
    database = edge.cells.of_audience(caller.audience).database
    if caller.person_id is not None:
        row = database.call(
            "select private.is_member(%s, %s, to_timestamp(%s)) as is_member",
            *(caller.account_id, caller.person_id, caller.session_at),
        )
        if not row["is_member"]:
            raise _refused("membership")
    if isinstance(caller, KeyCaller):
        row = database.call(
            "select private.is_live_key(%s, %s) as is_live", caller.account_id, caller.key_id
        )
        if not row["is_live"]:
            raise _refused("api_key")
    return caller


def _audience(account_id: uuid.UUID) -> str:
    return current_edge().cells.of_account(account_id).audience


def _bearer() -> str:
    # Cookies are not read: a browser sends them with requests of other sites too (CSRF).
    match = _BEARER.match(request.headers.get("Authorization", ""))
    if match is None:
        raise _refused("no_bearer_token")
    return match.group(1)


def _verified(token: str) -> Session:
    edge = current_edge()
    try:
        session = verify(
            token, jwks=edge.clerk_keys.for_key, policy=edge.clerk_policy, now=edge.now()
        )
    except InvalidToken as error:
        raise _refused(error.reason) from error
    except KeysUnavailable as error:
        TOKEN_VERIFICATIONS.labels("keys_unavailable").inc()
        raise unavailable(
            "Sign-in can't be checked right now. Please try again.", code="sign_in_unavailable"
        ) from error
    TOKEN_VERIFICATIONS.labels("accepted").inc()
    digest = hashlib.sha256(session.session_id.encode()).hexdigest()[:16]
    structlog.contextvars.bind_contextvars(session=digest)
    return session


def _key_caller(key: str) -> KeyCaller:
    caller = caller_of_key(key)
    if caller is None:
        raise _refused("api_key")
    TOKEN_VERIFICATIONS.labels("accepted").inc()
    return caller


def _refused(reason: str) -> Problem:
    """One public code for every reason, so that a forger learns nothing."""
    TOKEN_VERIFICATIONS.labels(reason).inc()
    request_log().refusal = reason
    count_refusal()
    sentence = "The bearer token is missing or not valid. Please sign in again."
    if reason == "api_key":
        # A program can't sign in again. Which of the three it is, it does not learn.
        sentence = "This API key is unknown, was revoked or has expired."
    return Problem(
        401,
        "invalid_token",
        sentence,
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )
