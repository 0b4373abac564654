"""Verifies the signatures of Stripe's and Svix's webhooks. Pure: secrets and clock are arguments.

Stripe's library accepts timestamps of the future. Both vendors' libraries crash on some headers,
where a stranger must get a refusal, never a 500.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.encryption import svix_key
from webhooks.bodies import NotStrictJson, parse_object

TOLERANCE_SECONDS = 300  # as Stripe and Svix document it; here also into the future
_MAX_HEADER_CHARACTERS = 4096
_MAX_SIGNATURES = 16
_TIMESTAMP = re.compile(r"[0-9]{1,11}\Z")
_SVIX_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}\Z")


class InvalidSignature(Exception):  # noqa: N818 - the name is the contract's
    """`reason` is for the log; no answer holds it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify_stripe(
    body: bytes, header: str | None, *, secrets: Sequence[str], now: int
) -> dict[str, Any]:
    """The event in `body`, signed `t=…,v1=…` with one of `secrets`; raises `InvalidSignature`."""
    timestamp, signatures = _stripe_header(header)
    _check_time(timestamp, now)
    digests = _digests(_keys(secrets, _stripe_key), f"{timestamp}.", body)
    _check_any([digest.hex() for digest in digests], signatures)
    return _event(body)


def verify_svix(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: int
) -> dict[str, Any]:
    """The event in `body`, signed by Svix with one of `secrets`; raises `InvalidSignature`."""
    items = headers.items() if isinstance(headers, Mapping) else ()
    texts = [(k, v) for k, v in items if isinstance(k, str) and isinstance(v, str)]
    named = {name.lower(): value for name, value in texts}
    message_id, timestamp = named.get("svix-id", ""), named.get("svix-timestamp", "")
    if not _SVIX_ID.match(message_id):
        raise InvalidSignature("message_id")
    _check_time(timestamp, now)
    header = named.get("svix-signature", "")
    parts = header.split(" ")
    if not _is_readable(header) or len(parts) > _MAX_SIGNATURES:
        raise InvalidSignature("header")
    signatures = [part.removeprefix("v1,") for part in parts if part.startswith("v1,")]
    digests = _digests(_keys(secrets, svix_key), f"{message_id}.{timestamp}.", body)
    _check_any([base64.b64encode(digest).decode("ascii") for digest in digests], signatures)
    return _event(body)


def _stripe_key(secret: str) -> bytes:
    try:
        return secret.encode("utf-8")
    except UnicodeEncodeError:
        return b""


def _keys(secrets: object, read: Callable[[str], bytes]) -> list[bytes]:
    """The keys of the usable secrets. An empty key is left out: everybody could sign with it."""
    # A lone str is one secret. Read as a list, each of its letters would be a key.
    listed = [secrets] if isinstance(secrets, str) else secrets
    texts = listed if isinstance(listed, Iterable) else ()
    keys = [key for text in texts if isinstance(text, str) and (key := read(text))]
    if not keys:
        raise InvalidSignature("no_secret")
    return keys


def _stripe_header(header: object) -> tuple[str, list[str]]:
    if header is None:
        raise InvalidSignature("no_header")
    if not isinstance(header, str) or not _is_readable(header):
        raise InvalidSignature("header")
    pairs = [part.partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    # Stripe asks verifiers to skip other schemes, such as v0 of test mode.
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(timestamps) != 1 or not 1 <= len(signatures) <= _MAX_SIGNATURES:
        raise InvalidSignature("header")
    return timestamps[0], signatures


def _is_readable(header: str) -> bool:
    return header.isascii() and len(header) <= _MAX_HEADER_CHARACTERS


def _check_time(timestamp: str, now: int) -> None:
    if not _TIMESTAMP.match(timestamp):
        raise InvalidSignature("timestamp")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature("stale")


def _digests(keys: Iterable[bytes], prefix: str, body: object) -> list[bytes]:
    if not isinstance(body, bytes):  # the sender signed bytes, not a decoded text
        raise InvalidSignature("body")
    signed = prefix.encode("ascii") + body
    return [hmac.digest(key, signed, "sha256") for key in keys]


def _check_any(expected: Sequence[str], offered: Sequence[str]) -> None:
    # Text is compared, so that a signature has one spelling. All pairs are compared, so that the
    # time does not tell which one matched.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in offered]
    if not any(matches):
        raise InvalidSignature("signature")


def _event(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body)
    except NotStrictJson as error:
        raise InvalidSignature("body") from error
