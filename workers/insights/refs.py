"""Keyed hashes that stand for source items: one item, one ref, and no way back."""

from __future__ import annotations

import hashlib
import hmac


def source_ref(key: bytes, kind: str, identifier: str) -> str:
    """`kind` keeps a video and a comment with the same platform id apart.

    A plain hash would not do: handles are few enough to try them all.
    """
    # JSON may hold half a surrogate pair; it counts as any other character.
    message = f"{kind}\x1f{identifier}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:24]
