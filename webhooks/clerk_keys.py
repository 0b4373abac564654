"""Clerk's public keys, cached per process.

Tokens with unknown `kid`s cause at most one fetch in COOLDOWN_SECONDS. While Clerk is away, the
last keys serve up to MAX_STALE_SECONDS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

log = structlog.get_logger()

KeySet = Mapping[str, Any]

LIFESPAN_SECONDS = 300
COOLDOWN_SECONDS = 30  # between two fetches for an unknown `kid`
FAILURE_COOLDOWN_SECONDS = 5
MAX_STALE_SECONDS = 24 * 3600
FETCH_TIMEOUT_SECONDS = 3
# Firewalls refuse urllib's own name.
USER_AGENT = "CreatorsCook-edge/1"


class KeysUnavailable(Exception):  # noqa: N818 - reads as an outcome
    """No keys were fetched yet, or the last ones are older than MAX_STALE_SECONDS."""


class ClerkKeys(Protocol):
    def for_key(self, kid: str) -> KeySet:
        """The key set that verifies a token of this `kid`; raises `KeysUnavailable`."""
        ...

    def age_seconds(self) -> float | None:
        """How old the keys are; None before the first fetch."""
        ...


@dataclass(frozen=True)
class ConfiguredKey:
    """Clerk's "JWT public key" from the settings. Without a `kid` it verifies every token."""

    jwk: Mapping[str, Any]
    kid: str | None

    @classmethod
    def from_pem(cls, pem: str, kid: str | None) -> ConfiguredKey:
        key = load_pem_public_key(pem.replace("\\n", "\n").encode("ascii"))
        if not isinstance(key, RSAPublicKey):
            raise TypeError("CLERK_JWT_KEY is not an RSA public key")
        return cls(jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True), kid)

    def for_key(self, kid: str) -> KeySet:
        return {"keys": [{**self.jwk, "kid": self.kid or kid, "key_ops": None}]}

    def age_seconds(self) -> float | None:
        return 0


@dataclass(frozen=True)
class _Fetched:
    keys: KeySet
    kids: frozenset[str]
    at: float


class FetchedKeys:
    """Keys fetched again when they are old or a `kid` is unknown. One thread fetches at a time."""

    def __init__(
        self, fetch: Callable[[], KeySet], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched: _Fetched | None = None
        self._not_before = float("-inf")

    def for_key(self, kid: str) -> KeySet:
        # Before the first fetch all threads wait for it. Later only the fetching one waits.
        if self._needs_refresh(kid) and self._lock.acquire(blocking=self._fetched is None):
            try:
                if self._needs_refresh(kid):  # no other thread has just fetched
                    keys = self._fetch()
                    self._fetched = _Fetched(keys, _kids(keys), self._clock())
            except jwt.PyJWKClientError as error:
                self._not_before = self._clock() + FAILURE_COOLDOWN_SECONDS
                log.warning("clerk_keys_unavailable", reason=type(error).__name__)
            finally:
                self._lock.release()
        fetched = self._fetched
        if fetched is None or self._clock() - fetched.at > MAX_STALE_SECONDS:
            raise KeysUnavailable
        return fetched.keys

    def age_seconds(self) -> float | None:
        fetched = self._fetched
        return None if fetched is None else self._clock() - fetched.at

    def _needs_refresh(self, kid: str) -> bool:
        fetched, now = self._fetched, self._clock()
        if now < self._not_before:
            return False
        if fetched is None or now - fetched.at >= LIFESPAN_SECONDS:
            return True
        return kid not in fetched.kids and now - fetched.at >= COOLDOWN_SECONDS


def fetch_from(url: str) -> Callable[[], KeySet]:
    """Fetches with PyJWT: http(s) only, no redirects, a JSON object or PyJWKClientError."""
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    client = jwt.PyJWKClient(
        url, cache_jwk_set=False, timeout=FETCH_TIMEOUT_SECONDS, headers=headers
    )

    def fetch() -> KeySet:
        try:
            keys: KeySet = client.fetch_data()
        except (ValueError, OSError) as error:  # not JSON, or the connection broke in the body
            raise jwt.PyJWKClientError("unreadable key set") from error
        if not _kids(keys):
            raise jwt.PyJWKClientError("a key set without keys")
        return keys

    return fetch


def _kids(keys: KeySet) -> frozenset[str]:
    listed = keys.get("keys")
    return frozenset(
        jwk["kid"]
        for jwk in (listed if isinstance(listed, list) else ())
        if isinstance(jwk, dict) and isinstance(jwk.get("kid"), str)
    )
