"""Keys and passwords of the local stack, made on first use. Only their owner can read the files.

A file is written under another name and renamed, so that a killed start leaves no half of a key.
"""

from __future__ import annotations

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
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from local.layout import Layout

API_ROLES = ("anon", "service_role")
LOGINS = ("postgres", "authenticator", "worker", "webhook")
_PRIVATE_MEMBERS = frozenset({"d"})
_TEN_YEARS_SECONDS = 10 * 365 * 86_400


def ensure(layout: Layout) -> None:
    """Makes the missing files. PostgREST's key set is written anew from the private keys."""
    _write_missing(layout.edge_keys, _new_jwks)
    _write_missing(layout.api_keys, _new_jwks)
    _write_missing(layout.clerk_key, _new_rsa_pem)
    _write_missing(
        layout.passwords, lambda: json.dumps({login: secrets.token_urlsafe(24) for login in LOGINS})
    )
    for role in API_ROLES:
        _write_missing(_api_token(layout, role), partial(_new_api_token, layout, role))
    private = [*_keys(layout.edge_keys), *_keys(layout.api_keys)]
    _write(layout.public_keys, json.dumps({"keys": [_public(key) for key in private]}))


def passwords(layout: Layout) -> dict[str, str]:
    """The database password of each login."""
    known: dict[str, str] = json.loads(layout.passwords.read_text())
    return known


def api_key(layout: Layout, role: str) -> str:
    """ANON_KEY or SERVICE_ROLE_KEY: a token with a role and no user."""
    return _api_token(layout, role).read_text()


def pseudonym_key(layout: Layout) -> str:
    """The key of pseudonyms, derived from the passwords, so that it stays the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, layout.passwords.read_text()))


def _api_token(layout: Layout, role: str) -> Path:
    return layout.keys / f"{role}.jwt"


def _new_api_token(layout: Layout, role: str) -> str:
    [key] = _keys(layout.api_keys)
    now = int(time.time())
    claims = {"iss": "local", "role": role, "iat": now, "exp": now + _TEN_YEARS_SECONDS}
    return jwt.encode(claims, jwt.PyJWK(key).key, algorithm="ES256", headers={"kid": key["kid"]})


def _keys(path: Path) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(path.read_text())["keys"]
    return keys


def _public(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name not in _PRIVATE_MEMBERS}


def _new_jwks() -> str:
    key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    return json.dumps({"keys": [key | {"kid": str(uuid.uuid4()), "alg": "ES256", "use": "sig"}]})


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
        _write(path, make())


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{time.monotonic_ns()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
