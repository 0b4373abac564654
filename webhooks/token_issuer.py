"""Our own access tokens, which PostgREST accepts: ES256, short-lived, the account's UUID as `sub`.

A JWKS file holds the private keys. The first one signs, the public halves of all are published.
`webhooks.key_rotation` edits the file (docs/edge.md, "New signing keys"). Every process reads the
new file within a second.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from core.config import ROLES
from webhooks.clerk_tokens import InvalidToken, Session

log = structlog.get_logger()

ALGORITHM = "ES256"
AUDIENCE = "authenticated"
ROLE = "authenticated"  # a constant: never copied from the token that was exchanged
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "kid")
_RELOAD_SECONDS = 1.0


@dataclass(frozen=True)
class Caller:
    """Who calls: the account, and the person who acts for it if it is an organisation's."""

    account_id: uuid.UUID
    person_id: uuid.UUID | None
    kind: str  # of the account: person or organisation
    role: str  # one of core.config.ROLES
    session_at: int  # when Clerk issued the session token, or now for an API key
    # Somebody else signed in as this person.
    is_impersonated: bool = field(default=False, kw_only=True)
    audience: str = field(default=AUDIENCE, kw_only=True)  # of the account's cell


@dataclass(frozen=True, kw_only=True)
class KeyCaller(Caller):
    """An API key that acts for an account. Its token names the key and its scopes."""

    key_id: uuid.UUID
    scopes: tuple[str, ...]
    ends_at: int  # seconds since the epoch


class AnotherCell(InvalidToken):
    """A token of ours for a cell where the account does not live."""


@dataclass(frozen=True)
class SigningKeys:
    """All keys of the file, as it was when it was read."""

    signing_key: EllipticCurvePrivateKey
    signing_kid: str
    published: dict[str, Any]  # the JWKS of the public halves
    etag: str
    public_keys: dict[str, EllipticCurvePublicKey]  # by kid


def read_keys(document: str) -> SigningKeys:
    """Parses a JWKS of private keys. The message of its ValueError never holds a key."""
    try:
        jwks = json.loads(document)["keys"]
        keys = {jwk["kid"]: _private_key(jwk) for jwk in jwks}
    except (KeyError, TypeError, jwt.InvalidKeyError) as error:
        raise ValueError("the signing key file is not a JWKS of private ES256 keys") from error
    if not keys or len(keys) != len(jwks):
        raise ValueError("the signing key file has no key, or a kid twice")
    # Members are copied by name, so that no private one is published.
    published = {
        "keys": [
            {name: jwk[name] for name in _PUBLIC_MEMBERS} | {"alg": ALGORITHM, "use": "sig"}
            for jwk in jwks
        ]
    }
    kid = jwks[0]["kid"]
    return SigningKeys(
        signing_key=keys[kid],
        signing_kid=kid,
        published=published,
        etag=hashlib.sha256(json.dumps(published).encode()).hexdigest()[:32],
        public_keys={name: key.public_key() for name, key in keys.items()},
    )


class TokenIssuer:
    """Issues and verifies our tokens with the keys of a file that may change at any time."""

    def __init__(
        self,
        path: Path,
        *,
        issuer: str,
        lifetime_seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.lifetime_seconds = lifetime_seconds
        self._path = path
        self._clock = clock
        self._looked_at = clock()
        self._version = _version(path)
        self._keys = read_keys(path.read_text())

    @property
    def keys(self) -> SigningKeys:
        """The keys of the file, checked once a second. An unreadable file leaves the last keys."""
        now = self._clock()
        if now - self._looked_at >= _RELOAD_SECONDS:
            self._looked_at = now
            try:
                version = _version(self._path)
                if version != self._version:
                    self._keys = read_keys(self._path.read_text())
                    self._version = version
                    log.info("signing_keys_loaded", kid=self._keys.signing_kid)
            except (OSError, ValueError):
                log.exception("signing_keys_unreadable")
        return self._keys

    def issue(self, session: Session, caller: Caller, *, now: int) -> str:
        """An access token with which `caller` acts in PostgREST until it expires."""
        session_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{session.issuer}#{session.session_id}")
        claims: dict[str, Any] = {
            "session_id": str(session_id),
            "aal": "aal2" if session.has_second_factor else "aal1",
            "app_metadata": {"provider": "clerk"},
        }
        if caller.person_id:
            claims["act"] = {"sub": str(caller.person_id)}
            # A revocation compares its time with this one. Our own `iat` may be a minute later.
            claims["session_iat"] = caller.session_at
        if session.actor:
            claims["impersonator"] = {"sub": session.actor}
        return self._sign(caller, claims, now=now)

    def issue_for_key(self, caller: KeyCaller, *, now: int) -> str:
        """An access token with which an API key acts until it or the key expires."""
        claims: dict[str, Any] = {
            "session_id": str(caller.key_id),
            "aal": "aal1",
            "app_metadata": {"provider": "api_key"},
            "api_key": str(caller.key_id),
            "scope": " ".join(caller.scopes),
        }
        return self._sign(caller, claims, now=now)

    def seconds_of(self, caller: Caller, *, now: int) -> int:
        """How long a token of `caller` lives. None outlives its API key."""
        if isinstance(caller, KeyCaller):
            return max(1, min(self.lifetime_seconds, caller.ends_at - now))
        return self.lifetime_seconds

    def _sign(self, caller: Caller, more: dict[str, Any], *, now: int) -> str:
        keys = self.keys
        claims = {
            "iss": self.issuer,
            "aud": caller.audience,
            "role": ROLE,
            "sub": str(caller.account_id),
            "account_role": caller.role,
            "iat": now,
            "nbf": now,
            "exp": now + self.seconds_of(caller, now=now),
            "jti": str(uuid.uuid4()),
            "is_anonymous": False,
        } | more
        return jwt.encode(claims, keys.signing_key, ALGORITHM, headers={"kid": keys.signing_kid})

    def verify(
        self, token: str, *, now: int, audience_of: Callable[[uuid.UUID], str] = lambda _: AUDIENCE
    ) -> Caller:
        """The caller of one of our own tokens; raises `InvalidToken`.

        `audience_of` gives the audience of an account's cell. Raises `AnotherCell` for a token
        with another one.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self.keys.public_keys[header["kid"]]
            claims = jwt.decode(token, key, [ALGORITHM], issuer=self.issuer, options=_NO_CLOCK)
            if not claims["nbf"] <= now < claims["exp"]:
                raise InvalidToken("expired")
            if claims["account_role"] not in ROLES:
                raise InvalidToken("role")
            person_id = uuid.UUID(claims["act"]["sub"]) if "act" in claims else None
            caller = Caller(
                account_id=uuid.UUID(claims["sub"]),
                person_id=person_id,
                kind="organisation" if person_id else "person",
                role=claims["account_role"],
                session_at=int(claims["session_iat"] if person_id else claims["iat"]),
                is_impersonated="impersonator" in claims,
                audience=claims["aud"],
            )
            if caller.audience != audience_of(caller.account_id):
                raise AnotherCell("audience")
            if "api_key" not in claims:
                return caller
            return KeyCaller(
                **vars(caller),
                key_id=uuid.UUID(claims["api_key"]),
                scopes=tuple(claims["scope"].split(" ")),
                ends_at=claims["exp"],
            )
        except (
            jwt.InvalidTokenError,
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:
            raise InvalidToken("own_token") from error


# PyJWT would use the machine's clock. `verify` compares times with its own `now`.
_NO_CLOCK: jwt.types.Options = {
    "require": ["exp", "iat", "nbf", "sub", "aud", "account_role"],
    "verify_aud": False,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


def _version(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino


def _private_key(jwk: dict[str, Any]) -> EllipticCurvePrivateKey:
    key = jwt.algorithms.ECAlgorithm.from_jwk(jwk)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise jwt.InvalidKeyError
    return key
