"""A stand-in for Clerk, and the sign-in of local users.

In development it gives session tokens to pages and commands of this machine, as Clerk's Frontend
API does. Elsewhere it serves the public key only. The exchange of a session token for an access
token is the edge's own, over HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask import Flask, Response, abort, jsonify, request
from jwt.algorithms import RSAAlgorithm

from core.config import LocalSettings
from local import environment
from local.layout import Layout

KEY_ID = "ins_local"  # Clerk names its key after the instance
_LIFETIME_SECONDS = 60
_CLERK_ROLES = {"admin": "admin", "editor": "member", "viewer": "viewer"}  # ours: Clerk's
_NAME = re.compile(r"[\w.@+-]{1,64}")
# A page elsewhere could have its own name point here, so only this machine's names count.
_LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_LOOPBACK_ORIGIN = re.compile(rf"http://{_LOOPBACK_HOST.pattern}")


def create_app(settings: LocalSettings | None = None) -> Flask:
    """The issuer's HTTP side."""
    settings = settings or LocalSettings()
    layout = Layout(settings.local_dir)
    jwks = {"keys": [_public_jwk(layout.clerk_key)]}
    app = Flask("clerk", static_folder=None)

    @app.get("/.well-known/jwks.json")
    def keys() -> Response:
        return jsonify(jwks)

    @app.post("/v1/client/sessions/<session_id>/tokens")
    def tokens(session_id: str) -> Response:
        """A session token for the page's origin, of whoever the query names."""
        origin = request.headers.get("Origin")
        if settings.app_env != "development" or not _LOOPBACK_HOST.fullmatch(request.host):
            abort(404)
        if origin is not None and not _LOOPBACK_ORIGIN.fullmatch(origin):
            abort(403)
        name, organisation = request.args.get("name", ""), request.args.get("org") or None
        role = request.args.get("role", "admin")
        given = [name, session_id, *([organisation] if organisation else [])]
        if role not in _CLERK_ROLES or not all(map(_NAME.fullmatch, given)):
            abort(400)
        token = local_session(
            settings,
            layout,
            name,
            organisation=organisation,
            role=role,
            origin=origin,
            session_id=session_id,
        )
        response = jsonify(object="token", jwt=token)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Origin"
        if origin:
            response.headers["Access-Control-Allow-Origin"] = origin
        return response

    return app


def local_session(
    settings: LocalSettings,
    layout: Layout,
    name: str,
    *,
    organisation: str | None = None,
    role: str = "admin",
    origin: str | None = None,
    session_id: str | None = None,
) -> str:
    """A session token of the local user called `name`, in a role of ours; not yet exchanged."""
    return session_token(
        layout.clerk_key,
        name,
        issuer=f"http://127.0.0.1:{settings.clerk_port}",
        origin=origin or settings.app_url,
        now=int(time.time()),
        organisation=organisation,
        role=_CLERK_ROLES.get(role, role),
        session_id=session_id,
    )


def session_token(
    key_file: Path,
    name: str,
    *,
    issuer: str,
    origin: str,
    now: int,
    organisation: str | None = None,
    role: str = "admin",
    session_id: str | None = None,
) -> str:
    """A session token as Clerk makes it (version 2) for the local user called `name`.

    With an organisation the user acts for it, in a role of Clerk's: admin or member.
    """
    claims: dict[str, object] = {
        "v": 2,
        "iss": issuer,
        "azp": origin,
        "sub": subject(name),
        "sid": session_id or f"sess_{uuid.uuid4().hex}",
        "sts": "active",
        "fva": [0, -1],
        "jti": uuid.uuid4().hex,
        "iat": now,
        "nbf": now - 10,
        "exp": now + _LIFETIME_SECONDS,
    }
    if organisation:
        claims["o"] = {"id": subject(organisation, "org"), "rol": role, "slg": organisation}
    headers = {"kid": KEY_ID, "cat": "cl_B7d4PD111AAA"}
    return jwt.encode(claims, _private_key(key_file), algorithm="RS256", headers=headers)


def subject(name: str, kind: str = "user") -> str:
    """The id of the local user or organisation (`org`), derived from the name."""
    return f"{kind}_{hashlib.sha256(name.encode()).hexdigest()[:27]}"


def _public_jwk(key_file: Path) -> dict[str, object]:
    key: dict[str, object] = json.loads(RSAAlgorithm.to_jwk(_private_key(key_file).public_key()))
    return key | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}


def _private_key(key_file: Path) -> RSAPrivateKey:
    return _read_key(key_file, key_file.stat().st_mtime_ns)


@lru_cache(maxsize=8)  # loading a key checks it, which costs many times a signature
def _read_key(key_file: Path, _changed_at: int) -> RSAPrivateKey:
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{key_file} holds no RSA key")
    return key


@dataclass(frozen=True)
class AccessToken:
    """The answer of the exchange."""

    text: str
    user_id: str


def sign_in(
    settings: LocalSettings,
    layout: Layout,
    name: str,
    *,
    organisation: str | None = None,
    role: str = "admin",
) -> AccessToken:
    """An access token of the local user called `name`, from the edge."""
    offered = local_session(settings, layout, name, organisation=organisation, role=role)
    response = httpx.post(
        f"{environment.api_url(settings)}/auth/session",
        headers={"Authorization": f"Bearer {offered}"},
        timeout=10,
    )
    response.raise_for_status()
    answer = response.json()
    return AccessToken(answer["access_token"], answer["user"]["id"])
