"""TikTok's oEmbed: the full link behind a short one. Public, unkeyed, throttled.

It answers with a title and a picture as well, and no counts; none of that is kept.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog

from workers.engine.calls import measured

TIMEOUT_SECONDS = 8.0
MAX_BYTES = 64 * 1024
_POST = re.compile(r"https://www\.tiktok\.com/@[\w.-]+/(?:video|photo)/\d+")

_log = structlog.get_logger()


@measured("tiktok", "oembed")
async def full_link(client: httpx.AsyncClient, url: str) -> str | None:
    """The link with handle and id; None if TikTok does not answer with one.

    The analysis is possible without it, so a failure here never ends the job.
    """
    try:
        response = await client.get("/oembed", params={"url": url})
    except httpx.HTTPError as error:
        _log.info("oembed_failed", kind=type(error).__name__)
        return None
    if response.status_code != httpx.codes.OK or len(response.content) > MAX_BYTES:
        _log.info("oembed_failed", status=response.status_code)
        return None
    # The link is in the `cite` of the embed code, inside the JSON.
    found = _POST.search(response.text.replace("\\/", "/"))
    return found[0] if found else None


@asynccontextmanager
async def open_tiktok_web(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client for TikTok's public site."""
    async with httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_SECONDS) as client:
        yield client
