"""Verifies Clerk session tokens. Pure: keys and clock are arguments.

Clerk's own SDKs also accept machine tokens, JWT templates, other issuers and `sts: pending`.
Here the signature is verified before any JWT claim, so that a forger learns nothing from refusals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_decode, base64url_encode

from webhooks.bodies import NotStrictJson, parse_object

_ALGORITHM = "RS256"
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192  # verifying with a larger key takes too long
_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
SUBJECT = re.compile(r"user_[A-Za-z0-9]{1,64}\Z")
ORGANISATION = re.compile(r"org_[A-Za-z0-9]{1,64}\Z")
_SESSION = re.compile(r"sess_[A-Za-z0-9]{1,64}\Z")
_LOOPBACK_ORIGIN = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?\Z")
_OTHER_TOKENS = ("ak_", "oat_", "mt_", "m2m_")  # Clerk's API keys, OAuth and machine tokens
# Session tokens, and the category that Clerk documents as "ignore". Templates and M2M have others.
_SESSION_CATEGORIES = frozenset({"cl_B7d4PD111AAA", "cl_I7d4PD111III"})
# Headers that change how a token is read. Keys in a header (`jwk`, `jku`, `x5c`) are ignored.
_FORBIDDEN_HEADERS = frozenset({"crit", "b64"})


class InvalidToken(Exception):  # noqa: N818 - the name is the contract's
    """`reason` is for the log and a counter; no answer holds it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Policy:
    """The issuer and the frontends that are ours, and the limits of a token."""

    issuer: str
    authorized_parties: Collection[str]
    leeway_seconds: int = 5
    max_lifetime_seconds: int = 3600
    max_token_bytes: int = 8192
    # For development servers on this machine (Vite, Next), at any port.
    allow_loopback_origins: bool = False
    allow_missing_azp: bool = False
    allow_impersonation: bool = False

    def __post_init__(self) -> None:
        # `in` on a str would accept each substring: a lone str is one party.
        if isinstance(self.authorized_parties, str):
            object.__setattr__(self, "authorized_parties", (self.authorized_parties,))

    def is_ours(self, origin: object) -> bool:
        """Whether it is the origin of one of our frontends."""
        if not isinstance(origin, str) or not origin:
            return False
        is_loopback = self.allow_loopback_origins and _LOOPBACK_ORIGIN.match(origin) is not None
        return is_loopback or origin in self.authorized_parties


@dataclass(frozen=True)
class Session:
    """The JWT claims of a verified token that we use."""

    issuer: str
    subject: str
    session_id: str
    issued_at: int
    expires_at: int
    has_second_factor: bool = False
    organisation_id: str | None = None
    organisation_role: str | None = None
    actor: str | None = None
    organisation_name: str | None = None
    organisation_slug: str | None = None


def verify(
    token: str,
    *,
    jwks: Mapping[str, Any] | Callable[[str], Mapping[str, Any]],
    policy: Policy,
    now: int,
) -> Session:
    """The session in `token`; raises `InvalidToken`.

    `jwks` is a key set, or a function that returns the one for a `kid`.
    """
    is_text = isinstance(token, str) and token.isascii() and len(token) <= policy.max_token_bytes
    if not is_text or token.startswith(_OTHER_TOKENS) or not _SEGMENTS.match(token):
        raise InvalidToken("malformed")
    header, payload, signature = token.split(".")
    kid = _key_id(header)
    key = _public_key(jwks(kid) if callable(jwks) else jwks, kid)
    signed, decoded = f"{header}.{payload}".encode("ascii"), _decode(payload)
    if not _RS256.verify(signed, key, _decode(signature)):
        raise InvalidToken("signature")
    claims = _parse(decoded, "payload")
    _check_times(claims, policy, now)
    _check_origin(claims, policy)
    _check_person(claims, policy)
    return _session(claims)


@lru_cache(maxsize=64)  # all tokens of a Clerk instance have the same header
def _key_id(segment: str) -> str:
    """The `kid` of an acceptable header; nothing is verified yet."""
    header = _parse(_decode(segment), "header")
    if header.get("alg") != _ALGORITHM:
        raise InvalidToken("algorithm")
    # Tokens issued before Clerk introduced `cat` have none.
    category = header.get("cat")
    is_session = "cat" not in header or (
        isinstance(category, str) and category in _SESSION_CATEGORIES
    )
    if header.get("typ", "JWT") != "JWT" or not is_session:
        raise InvalidToken("token_class")
    if header.keys() & _FORBIDDEN_HEADERS:
        raise InvalidToken("header")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise InvalidToken("unknown_key")
    return kid


def _decode(segment: str) -> bytes:
    """Canonical base64url only: stray bits would give one token several spellings."""
    try:
        decoded = base64url_decode(segment)
    except ValueError as error:
        raise InvalidToken("malformed") from error
    if base64url_encode(decoded).decode("ascii") != segment:
        raise InvalidToken("malformed")
    return decoded


def _parse(data: bytes, part: str) -> dict[str, Any]:
    try:
        return parse_object(data)
    except NotStrictJson as error:
        raise InvalidToken(f"{part}_json") from error


def _public_key(jwks: object, kid: str) -> RSAPublicKey:
    """The key of this `kid` that may sign session tokens."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    for jwk in keys if isinstance(keys, list) else ():
        if (
            isinstance(jwk, Mapping)
            and jwk.get("kid") == kid
            and jwk.get("kty") == "RSA"
            and jwk.get("use", "sig") == "sig"
            and jwk.get("alg", _ALGORITHM) == _ALGORITHM
            and isinstance(jwk.get("n"), str)
            and isinstance(jwk.get("e"), str)
            and (key := _rsa_key(jwk["n"], jwk["e"])) is not None
        ):
            return key
    raise InvalidToken("unknown_key")


@lru_cache(maxsize=16)
def _rsa_key(modulus: str, exponent: str) -> RSAPublicKey | None:
    """The key of these numbers; None if it is invalid, too short or too long."""
    try:
        n = int.from_bytes(base64url_decode(modulus), "big")
        e = int.from_bytes(base64url_decode(exponent), "big")
        is_acceptable = _MIN_RSA_BITS <= n.bit_length() <= _MAX_RSA_BITS
        return RSAPublicNumbers(e, n).public_key() if is_acceptable else None
    except ValueError:
        return None


def _check_times(claims: Mapping[str, Any], policy: Policy, now: int) -> None:
    issued_at, expires_at = _seconds(claims, "iat"), _seconds(claims, "exp")
    not_before = _seconds(claims, "nbf") if "nbf" in claims else issued_at
    if expires_at <= now - policy.leeway_seconds:
        raise InvalidToken("expired")
    if max(not_before, issued_at) > now + policy.leeway_seconds:
        raise InvalidToken("not_yet_valid")
    if expires_at - issued_at > policy.max_lifetime_seconds:
        raise InvalidToken("lifetime")


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int:  # to isinstance, True is an int
        raise InvalidToken(f"{name}_type")
    return value


def _check_origin(claims: Mapping[str, Any], policy: Policy) -> None:
    if not _text(claims.get("iss")) or claims["iss"] != policy.issuer:
        raise InvalidToken("issuer")
    if "aud" in claims:  # Clerk's session tokens have none: this one is for another service
        raise InvalidToken("audience")
    if "azp" not in claims and policy.allow_missing_azp:
        return
    if not policy.is_ours(claims.get("azp")):
        raise InvalidToken("authorized_party")


def _check_person(claims: Mapping[str, Any], policy: Policy) -> None:
    if not _matches(SUBJECT, claims.get("sub")):
        raise InvalidToken("subject")
    if not _matches(_SESSION, claims.get("sid")):
        raise InvalidToken("session")
    if claims.get("sts", "active") != "active":
        raise InvalidToken("session_status")
    if "act" in claims and not (policy.allow_impersonation and _actor(claims)):
        raise InvalidToken("impersonation")


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _actor(claims: Mapping[str, Any]) -> str | None:
    actor = claims.get("act")
    return _text(actor.get("sub")) if isinstance(actor, Mapping) else None


def _session(claims: Mapping[str, Any]) -> Session:
    # Version 2 of Clerk's JWT claims nests the organisation in `o`, version 1 has it flat.
    nested = claims.get("o")
    if isinstance(nested, Mapping):
        organisation_id, role = _text(nested.get("id")), _text(nested.get("rol"))
        slug = nested.get("slg")
    else:
        organisation_id, role = _text(claims.get("org_id")), _text(claims.get("org_role"))
        slug = claims.get("org_slug")
    # `fva`: minutes since the first factor and since the second, -1 for never.
    ages = claims.get("fva")
    second = ages[1] if isinstance(ages, list) and len(ages) == 2 else None
    return Session(
        issuer=claims["iss"],
        subject=claims["sub"],
        session_id=claims["sid"],
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        has_second_factor=type(second) is int and second >= 0,
        organisation_id=organisation_id if _matches(ORGANISATION, organisation_id) else None,
        organisation_role=role and (role.removeprefix("org:") or None),  # version 1: `org:admin`
        actor=_actor(claims),
        # No claim of Clerk's own: an application may add `"org_name": "{{org.name}}"`.
        organisation_name=display_name(claims.get("org_name")),
        organisation_slug=display_name(slug),
    )


def display_name(value: object) -> str | None:
    """The name without control and invisible characters, at most 200 long; None without any."""
    if not isinstance(value, str):
        return None
    printable = "".join(each if each.isprintable() else " " for each in value)
    return " ".join(printable.split())[:200].strip() or None


def _text(value: object) -> str | None:
    """A printable text: PostgreSQL takes neither U+0000 nor half a surrogate pair."""
    return value if isinstance(value, str) and value and value.isprintable() else None
