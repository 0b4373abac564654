"""Request bodies as they were sent: raw bytes, bounded, before anything is parsed."""

from __future__ import annotations

from flask import request

from webhooks.problems import Problem


def raw(max_bytes: int | None = None) -> bytes:
    """The body; 413 over `max_bytes`, or over what the app takes at all."""
    if max_bytes is not None:
        request.max_content_length = max_bytes
    body = request.get_data(cache=False)
    # A body in chunks announces no length: reading just stops at the limit.
    if request.content_length is None and len(body) == request.max_content_length:
        raise Problem(413, "too_large", "The body is too large.")
    return body
