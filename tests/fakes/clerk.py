"""A Clerk instance in memory: session tokens of its key, its key set, signed webhook messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://clerk.example.test"
ORIGIN = "https://app.example.test"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a test secret of 32 bytes, made.").decode()


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Keys take a while to make: one per number and test run."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Clerk:
    """One instance: an issuer, a key, a key id."""

    issuer: str = ISSUER
    origin: str = ORIGIN
    kid: str = "ins_test"
    key: rsa.RSAPrivateKey = field(default_factory=rsa_key)

    @property
    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": self.kid, "use": "sig", "alg": "RS256"}]}

    @property
    def pem(self) -> str:
        encoded = self.key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return encoded.decode()

    def claims(self, now: int, user: str = "user_alice", **changes: Any) -> dict[str, Any]:
        """The claims of a version 2 token; a change to `...` removes the claim."""
        claims = {
            "azp": self.origin,
            "exp": now + 60,
            "fva": [1, -1],
            "iat": now,
            "iss": self.issuer,
            "jti": "0123456789abcdef",
            "nbf": now - 10,
            "sid": "sess_2abcDEF",
            "sts": "active",
            "sub": user,
            "v": 2,
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def headers(self, **changes: Any) -> dict[str, Any]:
        headers = {
            "alg": "RS256",
            "cat": "cl_B7d4PD111AAA",
            "kid": self.kid,
            "typ": "JWT",
        } | changes
        return {name: value for name, value in headers.items() if value is not ...}

    def token(self, now: int, user: str = "user_alice", **changes: Any) -> str:
        return self.sign(self.claims(now, user, **changes))

    def sign(self, payload: Any, headers: dict[str, Any] | None = None) -> str:
        """Any header over any payload, rightly signed; bytes are taken as they are."""
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        head = json.dumps(self.headers() if headers is None else headers).encode()
        return self.sign_raw(head, content)

    def sign_raw(self, head: bytes, content: bytes) -> str:
        signed = encode(head) + "." + encode(content)
        algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
        return signed + "." + encode(algorithm.sign(signed.encode(), self.key))


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def message(
    document: Any,
    *,
    now: int,
    message_id: str = "msg_1",
    secret: str = WEBHOOK_SECRET,
) -> tuple[bytes, dict[str, str]]:
    """The body of a webhook message and its Svix headers."""
    body = json.dumps(document).encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{now}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return body, {"svix-id": message_id, "svix-timestamp": str(now), "svix-signature": signature}
