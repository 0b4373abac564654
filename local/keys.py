"""Keys and passwords of the local stack, made on first use. Only their owner can read the files.

A file is written under another name and renamed, so that a killed start leaves no half of a key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.layout import Layout
from webhooks import key_rotation

TOKEN_ROLES = ("anon", "service_role")
LOGINS = ("postgres", "authenticator", "worker", "webhook", "mover")
_TEN_YEARS_SECONDS = 10 * 365 * 86_400


def ensure(layout: Layout) -> None:
    """Makes the missing files. PostgREST's key set is written anew from the private keys."""
    _write_missing(layout.edge_keys, _new_jwks)
    _write_missing(layout.role_token_keys, _new_jwks)
    _write_missing(layout.clerk_key, _new_rsa_pem)
    _write_missing(
        layout.passwords, lambda: json.dumps({login: secrets.token_urlsafe(24) for login in LOGINS})
    )
    for role in TOKEN_ROLES:
        _write_missing(_role_token_file(layout, role), partial(_new_role_token, layout, role))
    private = [*_keys(layout.edge_keys), *_keys(layout.role_token_keys)]
    public = [{name: key[name] for name in key if name != "d"} for key in private]
    key_rotation.write(layout.public_keys, json.dumps({"keys": public}))


def passwords(layout: Layout) -> dict[str, str]:
    """The database password of each login."""
    known: dict[str, str] = json.loads(layout.passwords.read_text())
    return known


def role_token(layout: Layout, role: str) -> str:
    """ANON_KEY or SERVICE_ROLE_KEY: a token with a role and no user."""
    return _role_token_file(layout, role).read_text()


def pseudonym_key(layout: Layout) -> str:
    """The key of pseudonyms, derived from the passwords, so that it stays the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, layout.passwords.read_text()))


def webhook_secret_key(layout: Layout) -> str:
    """The key that encrypts secrets of webhooks, derived as the one of pseudonyms."""
    digest = hashlib.sha256(b"webhooks" + layout.passwords.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _role_token_file(layout: Layout, role: str) -> Path:
    return layout.keys / f"{role}.jwt"


def _new_role_token(layout: Layout, role: str) -> str:
    [key] = _keys(layout.role_token_keys)
    now = int(time.time())
    claims = {"iss": "local", "role": role, "iat": now, "exp": now + _TEN_YEARS_SECONDS}
    return jwt.encode(claims, jwt.PyJWK(key).key, algorithm="ES256", headers={"kid": key["kid"]})


def _keys(path: Path) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(path.read_text())["keys"]
    return keys


def _new_jwks() -> str:
    return json.dumps({"keys": key_rotation.add([])})


def _new_rsa_pem() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _write_missing(path: Path, make: Callable[[], str]) -> None:
    if not path.exists():
        key_rotation.write(path, make())
