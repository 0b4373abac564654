"""Public links that name no person: TikTok's own link carries the handle, its player's does not."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_TIKTOK_VIDEO = re.compile(r"/video/(\w{6,40})/?$", re.ASCII)


def public_link(url: str | None) -> str | None:
    """A link fit to be stored and shown, or nothing."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if host == "tiktok.com" or host.endswith(".tiktok.com"):
        video = _TIKTOK_VIDEO.search(parts.path)
        return f"https://www.tiktok.com/player/v1/{video[1]}" if video else None
    return None
