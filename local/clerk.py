"""A stand-in for Clerk, and the sign-in of local users.

Commands on this machine make session tokens with the key file. Over HTTP it serves the public key
only. The exchange of a session token for an access token is the edge's own, over HTTP.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask import Flask, Response, jsonify
from jwt.algorithms import RSAAlgorithm

from core.config import LocalSettings
from local import environment
from local.layout import Layout

KEY_ID = "ins_local"  # Clerk names its key after the instance
_LIFETIME_SECONDS = 60
_CLERK_ROLES = {"editor": "member"}  # what Clerk calls a role of ours


def create_app() -> Flask:
    """The issuer's HTTP side."""
    layout = Layout(LocalSettings().local_dir)
    jwks = {"keys": [_public_jwk(layout.clerk_key)]}
    app = Flask("clerk", static_folder=None)

    @app.get("/.well-known/jwks.json")
    def keys() -> Response:
        return jsonify(jwks)

    return app


def session_token(
    key_file: Path,
    name: str,
    *,
    issuer: str,
    origin: str,
    now: int,
    organisation: str | None = None,
    role: str = "admin",
) -> str:
    """A session token as Clerk makes it (version 2) for the local user called `name`.

    With an organisation the user acts for it, in a role of Clerk's: admin or member.
    """
    claims: dict[str, object] = {
        "v": 2,
        "iss": issuer,
        "azp": origin,
        "sub": subject(name),
        "sid": f"sess_{uuid.uuid4().hex}",
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
    offered = session_token(
        layout.clerk_key,
        name,
        issuer=f"http://127.0.0.1:{settings.clerk_port}",
        origin=settings.app_url,
        now=int(time.time()),
        organisation=organisation,
        role=_CLERK_ROLES.get(role, role),
    )
    response = httpx.post(
        f"{environment.api_url(settings)}/auth/session",
        headers={"Authorization": f"Bearer {offered}"},
        timeout=10,
    )
    response.raise_for_status()
    answer = response.json()
    return AccessToken(answer["access_token"], answer["user"]["id"])
