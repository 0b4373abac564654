"""Reads the items of the Apify TikTok actors as typed videos and comments.

Scrapers change without notice: every field is optional, and unknown ones are ignored. A row that is
no post is counted and left out. Ids and handles become pseudonyms here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeGuard, TypeVar

from workers.insights.evidence import pseudonym
from workers.insights.inputs import Author, Comment, Role, Sound, Video
from workers.sources.fields import Item, count, field, flag, moment, number, text

MAX_HASHTAGS = 30  # of a post
MAX_HASHTAG_CHARACTERS = 100
_HASHTAG = re.compile(r"#(\w+)")
_VIDEO_LINK = re.compile(r"(?<![\w.-])([\w.-]+)/(?:@([\w.-]*)/)?(?:video|photo|player/v1)/(\w+)")
_ROLES: dict[object, Role] = {"subject": "subject", "creator": "creator", "niche": "niche"}
# A post can't be newer than its collection. A day allows for a scraper's wrong time zone.
_CLOCK_LEEWAY = timedelta(days=1)

T = TypeVar("T")


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The readable items of a dataset, and the number of other rows."""

    items: tuple[T, ...]
    unreadable: int = 0


def read_videos(items: Iterable[object], *, ref_key: bytes, collected_at: datetime) -> Rows[Video]:
    """Each post once, in the given order. Its role is `niche` unless the item names another."""
    found: dict[str, Video] = {}
    unreadable = 0
    for item in items:
        video = _video(item, ref_key, collected_at) if _is_post(item) else None
        if video is None:
            unreadable += 1
        else:
            found.setdefault(video.ref, video)
    return Rows(tuple(found.values()), unreadable)


def read_comments(items: Iterable[object], *, ref_key: bytes) -> Rows[Comment]:
    """Each comment once, in the given order."""
    found: dict[str, Comment] = {}
    unreadable = 0
    for item in items:
        comment = _comment(item, ref_key) if _is_post(item) else None
        if comment is None:
            unreadable += 1
        else:
            found.setdefault(comment.ref, comment)
    return Rows(tuple(found.values()), unreadable)


def with_subject(videos: Iterable[Video], subject_ref: str | None) -> tuple[Video, ...]:
    """Marks the subject and its creator's other posts; the other roles stay."""
    videos = tuple(videos)
    subject = next((video for video in videos if video.ref == subject_ref), None)
    if subject is None:
        return videos
    return tuple(replace(video, role=_role_beside(subject, video)) for video in videos)


def video_ref(url: str, ref_key: bytes) -> str | None:
    """The ref of the video that a link names, on TikTok or in sample data."""
    link = _VIDEO_LINK.search(url)
    return None if link is None else pseudonym(ref_key, "video", link[3])


def _role_beside(subject: Video, video: Video) -> Role:
    if video.ref == subject.ref:
        return "subject"
    return "creator" if video.author.ref == subject.author.ref else "niche"


def _is_post(item: object) -> TypeGuard[Item]:
    """False for failed URLs, whose rows have `error` or `note`."""
    if not isinstance(item, Mapping):
        return False
    return not any(item.get(key) for key in ("error", "errorCode", "note"))


def _video(item: Item, ref_key: bytes, collected_at: datetime) -> Video | None:
    link = _VIDEO_LINK.search(text(field(item, "webVideoUrl")) or "")
    video_id = text(field(item, "id")) or (link[3] if link else None)
    handle = text(field(item, "authorMeta.name")) or (link[2] if link else None)
    if video_id is None or not handle:
        return None
    caption = text(field(item, "text")) or ""
    return Video(
        ref=pseudonym(ref_key, "video", video_id),
        author=Author(_author_ref(ref_key, handle), count(field(item, "authorMeta.fans"))),
        role=_ROLES.get(field(item, "collection"), "niche"),
        text=caption,
        created_at=_created_at(item, collected_at),
        collected_at=collected_at,
        views=count(field(item, "playCount")),
        likes=count(field(item, "diggCount")),
        comments=count(field(item, "commentCount")),
        shares=count(field(item, "shareCount")),
        saves=count(field(item, "collectCount")),
        duration_seconds=number(field(item, "videoMeta.duration")),
        hashtags=_hashtags(item, caption),
        sound=_sound(item),
        url=_public_link(video_id, link),
        language=_language(item),
        is_slideshow=flag(field(item, "isSlideshow")),
        is_ad=flag(field(item, "isAd")) or flag(field(item, "isSponsored")),
        is_pinned=flag(field(item, "isPinned")),
    )


def _comment(item: Item, ref_key: bytes) -> Comment | None:
    words, comment_id = text(field(item, "text")), text(field(item, "cid"))
    if words is None or comment_id is None:
        return None
    handle = text(field(item, "uniqueId")) or text(field(item, "uid"))
    created_at = moment(field(item, "createTimeISO")) or moment(field(item, "createTime"))
    return Comment(
        ref=pseudonym(ref_key, "comment", comment_id),
        text=words,
        author_ref=_author_ref(ref_key, handle) if handle else None,
        likes=count(field(item, "diggCount")),
        created_at=created_at,
    )


def _author_ref(ref_key: bytes, handle: str) -> str:
    return pseudonym(ref_key, "author", handle.removeprefix("@").lower())


def _created_at(item: Item, collected_at: datetime) -> datetime | None:
    created_at = moment(field(item, "createTimeISO")) or moment(field(item, "createTime"))
    if created_at is None or created_at > collected_at + _CLOCK_LEEWAY:
        return None
    return created_at


def _hashtags(item: Item, caption: str) -> tuple[str, ...]:
    """From the scraper's list, or from the caption: flattened exports lose the list."""
    listed = field(item, "hashtags")
    entries = listed if isinstance(listed, list) else []
    names = [_hashtag_name(entry) for entry in entries[:MAX_HASHTAGS]] or _HASHTAG.findall(caption)
    return tuple(dict.fromkeys(name.lower() for name in names[:MAX_HASHTAGS] if name))


def _hashtag_name(entry: object) -> str:
    named = field(entry, "name") if isinstance(entry, Mapping) else entry
    return (text(named) or "").removeprefix("#")[:MAX_HASHTAG_CHARACTERS]


def _sound(item: Item) -> Sound | None:
    title = text(field(item, "musicMeta.musicName"))
    if title is None:
        return None
    original = field(item, "musicMeta.musicOriginal")
    return Sound(title, None if original is None else flag(original))


def _language(item: Item) -> str | None:
    code = text(field(item, "textLanguage"))
    return None if code in {None, "un"} else code  # TikTok's word for unknown


def _public_link(video_id: str, link: re.Match[str] | None) -> str | None:
    """A public link without the creator's handle. On TikTok only the player has such a link."""
    if link is None:
        return None
    if link[1].endswith("tiktok.com"):
        return f"https://www.tiktok.com/player/v1/{video_id}"
    return f"https://{link[1]}/video/{video_id}"
