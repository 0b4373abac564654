"""TikTok's Display API: a creator's own posts, with the creator's access token.

The API gives neither saves nor sounds.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx
import structlog

from core.encryption import Encryption
from core.tiktok import TikTokLogin
from workers.engine.calls import measured
from workers.engine.errors import Retry
from workers.insights.inputs import Video
from workers.sources.fields import text
from workers.sources.tiktok.items import read_videos

TIMEOUT_SECONDS = 10.0
PAGE = 20  # TikTok's maximum
MAX_PAGES = 3  # 60 posts; a baseline takes twenty of them
BUSY_SECONDS = 60.0  # TikTok's rate limit is per sliding minute
UNAVAILABLE_SECONDS = 30.0
# TikTok's names of fields, and those of the Apify actors' items, which `read_videos` reads.
_FIELDS = {
    "id": "id",
    "create_time": "createTime",
    "share_url": "webVideoUrl",
    "video_description": "text",
    "duration": "videoMeta.duration",
    "view_count": "playCount",
    "like_count": "diggCount",
    "comment_count": "commentCount",
    "share_count": "shareCount",
}
_HANDLE = re.compile(r"tiktok\.com/@([\w.-]+)/")
# Errors of the token: the creator has to connect again.
_TOKEN_CODES = frozenset(
    {"access_token_invalid", "scope_not_authorized", "scope_permission_missed"}
)

_log = structlog.get_logger()


class Disconnected(Exception):  # noqa: N818 - a state, not a mistake
    """The connection has ended: the creator has to connect again."""


class TokenRefused(Exception):  # noqa: N818 - an answer of TikTok's
    """TikTok refuses the access token: it has expired or was revoked."""


@dataclass(frozen=True)
class OwnPosts:
    """A creator's newest posts. `links` has their URLs, by the video's ref."""

    handle: str | None
    videos: tuple[Video, ...]
    links: Mapping[str, str]


class TikTokDisplay:
    """See `open_display`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def posts(self, token: str, *, ref_key: bytes, now: datetime) -> OwnPosts:
        """The newest posts. Raises `TokenRefused` or `Retry`."""
        items: list[dict[str, Any]] = []
        cursor: int | None = None
        for _ in range(MAX_PAGES):
            page = await self._page(token, cursor)
            items += _items(page)
            cursor = page.get("cursor")
            if page.get("has_more") is not True or not isinstance(cursor, int):
                break
        rows = read_videos(items, ref_key=ref_key, collected_at=now).items
        links = {
            video.ref: item["webVideoUrl"]
            for item in items
            for video in read_videos([item], ref_key=ref_key, collected_at=now).items
        }
        handles = (_HANDLE.search(link) for link in links.values())
        handle = next((found[1] for found in handles if found), None)
        return OwnPosts(handle, tuple(replace(video, role="creator") for video in rows), links)

    @measured("tiktok", "videos")
    async def _page(self, token: str, cursor: int | None) -> dict[str, Any]:
        body = {"max_count": PAGE} | ({} if cursor is None else {"cursor": cursor})
        try:
            response = await self._client.post(
                "/v2/video/list/",
                params={"fields": ",".join(_FIELDS)},
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _unavailable(type(error).__name__) from error
        return _data(answer, response.status_code)


@dataclass(frozen=True)
class TikTokAccounts:
    """What a worker needs to call TikTok for creators."""

    login: TikTokLogin
    display: TikTokDisplay
    encryption: Encryption


@asynccontextmanager
async def open_display(base_url: str) -> AsyncIterator[TikTokDisplay]:
    """TikTok's API, with connections that are closed at the end."""
    async with httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_SECONDS) as client:
        yield TikTokDisplay(client)


def _data(answer: object, status: int) -> dict[str, Any]:
    """The data of `{"data": …, "error": {"code": "ok"}}`. The code decides, not the status."""
    error = answer.get("error") if isinstance(answer, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    data = answer.get("data") if isinstance(answer, dict) else None
    if code == "ok" and isinstance(data, dict):
        return data
    _log.warning("tiktok_error", status=status, code=str(code)[:60])
    if code in _TOKEN_CODES or status == httpx.codes.UNAUTHORIZED:
        raise TokenRefused
    if code == "rate_limit_exceeded" or status == httpx.codes.TOO_MANY_REQUESTS:
        raise Retry("tiktok_busy", "TikTok asks us to come back in a minute.", BUSY_SECONDS)
    raise _unavailable(str(code))


def _items(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The posts of a page, with the field names of the actors' items."""
    listed = page.get("videos")
    videos = (
        [video for video in listed if isinstance(video, dict)] if isinstance(listed, list) else []
    )
    return [
        {ours: video.get(theirs) for theirs, ours in _FIELDS.items()}
        for video in videos
        if text(video.get("share_url"))
    ]


def _unavailable(reason: str) -> Retry:
    _log.warning("tiktok_unavailable", reason=reason)
    return Retry("tiktok_unavailable", "TikTok has a problem right now.", UNAVAILABLE_SECONDS)
