"""Collects posts on TikTok: by a link, by a product's name, from a connected account.

A link is read through Apify: first the posts, then their comments and their niche. A search also
finds other products of a similar name. Their posts count as niche, and comments are read only under
posts whose caption names the product. A connected account gives its own posts through TikTok's API.
This module knows the actors' inputs; apify.py starts the runs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from core.config import VideoTranscripts
from workers.engine.errors import Reject
from workers.insights.inputs import Collection, Comment, Video
from workers.sources import sample
from workers.sources.context import Context
from workers.sources.fields import field, text
from workers.sources.services import SourceServices
from workers.sources.similarity import overlap
from workers.sources.tiktok.apify import ActorRuns, Request, RunOutput
from workers.sources.tiktok.display import Disconnected, OwnPosts
from workers.sources.tiktok.items import read_comments, read_videos, video_ref, with_subject
from workers.sources.tiktok.oembed import full_link
from workers.sources.tiktok.transcripts import (
    TranscriptLink,
    subtitles_option,
    transcript_link,
    with_transcripts,
)

VIDEOS_ACTOR = "clockworks/tiktok-scraper"
COMMENTS_ACTOR = "clockworks/tiktok-comments-scraper"

CREATOR_POSTS = 20  # a baseline takes no more
NICHE_POSTS = 40
NICHE_HASHTAGS = 2
COMMENTS = 200
COMMENTED_POSTS = 3  # of a profile

# Hashtags of every niche.
_EVERYBODYS = frozenset({"fyp", "foryou", "foryoupage", "fy", "viral", "trending", "tiktok"})
_HANDLE = re.compile(r"^/@([\w.-]+)")
# The analysis takes counts and texts, so no other file than subtitles is downloaded.
WITHOUT_FILES: dict[str, object] = {
    "shouldDownloadVideos": False,
    "shouldDownloadCovers": False,
    "shouldDownloadSlideshowImages": False,
    "shouldDownloadAvatars": False,
    "shouldDownloadMusicCovers": False,
}
_NO_BASELINE = "TikTok gave no earlier posts of this creator, so there is no baseline."
_PARTIAL = "TikTok gave only a part of what was asked for."
_NO_COMMENTS = "TikTok gave no comments."
_SOME_COMMENTS = f"At most {COMMENTS} comments were read."

POSTS = 40
NAMED = 0.5  # share of the name's words that a caption must have
MAX_QUERY_CHARACTERS = 80

FOUND_BY_NAME = "Videos were found on TikTok by the product's name; some may show another product."
NOTHING_FOUND = "TikTok shows no videos under the product's name."

OWN = "These posts come from your connected TikTok account, which tells no saves and no sounds."
ENDED = "Your TikTok account is no longer connected: connect it again for your own baseline."
ALONE = "Comments and posts of the niche are not read here: no source for them is connected."


@dataclass(frozen=True)
class Link:
    """A TikTok URL and what it names; a short link names no handle."""

    url: str
    handle: str | None
    is_profile: bool


@dataclass(frozen=True)
class Posts:
    """The first run: the subject, if the link names one post, and its creator's other posts."""

    videos: tuple[Video, ...]
    subject: Video | None
    links: dict[str, str]  # URLs of the posts, by the video's ref


async def collect(url: str, services: SourceServices, context: Context) -> Collection:
    """Raises `Snooze` while runs go on; call it again to continue."""
    if services.apify is None:
        raise AssertionError("routing sends TikTok here only where Apify is connected")
    link = await named_by(url, services)
    runs = ActorRuns(services.apify, context, services.now, services.apify_webhook_url)
    await context.report("collecting_videos", 10)
    wanted = _posts_request(link, _setting(services, context))
    first = await runs.fetch({"posts": wanted}, "collecting_videos")
    posts = _posts(first["posts"], link, services.ref_key, services.now())
    outputs = first | await around(posts, runs, services, context)
    collection = collection_from(url, link, posts, outputs, services)
    return await _spoken(collection, outputs.values(), services, context)


def _setting(services: SourceServices, context: Context) -> VideoTranscripts:
    """Which transcripts to ask for: the operator's setting if the plan includes any."""
    return services.transcripts if context.has_transcripts else "off"


async def _spoken(
    collection: Collection,
    outputs: Iterable[RunOutput],
    services: SourceServices,
    context: Context,
) -> Collection:
    """The collection, with transcripts if the setting and the plan allow them."""
    if _setting(services, context) == "off":
        return collection
    links = _transcript_links(outputs, services.ref_key)
    if not links:
        return collection
    await context.report("reading_videos", 50)
    videos = await with_transcripts(collection.videos, links, services)
    return replace(collection, videos=videos)


def _transcript_links(outputs: Iterable[RunOutput], ref_key: bytes) -> dict[str, TranscriptLink]:
    """The links to transcripts, by the video's ref."""
    found: dict[str, TranscriptLink] = {}
    for item in (item for output in outputs for item in output.items if isinstance(item, dict)):
        ref = video_ref(text(field(item, "webVideoUrl")) or "", ref_key)
        link = transcript_link(item)
        if ref is not None and link is not None:
            found.setdefault(ref, link)
    return found


async def around(
    posts: Posts, runs: ActorRuns, services: SourceServices, context: Context
) -> dict[str, RunOutput]:
    """The second runs: comments of the subject, and posts of its niche."""
    await context.report("collecting_comments", 30)
    wanted = _around(posts, _setting(services, context))
    return await runs.fetch(wanted, "collecting_comments")


def _link(url: str) -> Link:
    path = urlsplit(url).path
    handle = _HANDLE.search(path)
    return Link(url, handle and handle[1], is_profile=path.count("/") < 2 and handle is not None)


async def named_by(url: str, services: SourceServices) -> Link:
    """The link, a short one resolved: without the creator's handle there is no baseline."""
    link = _link(url)
    if link.handle is not None or services.tiktok_web is None:
        return link
    full = await full_link(services.tiktok_web, link.url)
    return _link(full) if full else link


def _posts_request(link: Link, transcripts: VideoTranscripts) -> Request:
    wanted: dict[str, object] = WITHOUT_FILES | _subtitles(transcripts)
    if not link.is_profile:
        wanted["postURLs"] = [link.url]
    if link.handle is not None:
        wanted |= {
            "profiles": [link.handle],
            "profileScrapeSections": ["videos"],
            "profileSorting": "latest",
            "excludePinnedPosts": True,
            "resultsPerPage": CREATOR_POSTS,
        }
    return Request(VIDEOS_ACTOR, wanted, max_items=CREATOR_POSTS + 1)


def _posts(output: RunOutput, link: Link, ref_key: bytes, now: datetime) -> Posts:
    rows = read_videos(output.items, ref_key=ref_key, collected_at=now)
    subject = None if link.is_profile else _subject(rows.items, link, ref_key)
    if not rows.items or (subject is None and not link.is_profile):
        if rows.unreadable:
            message = "This TikTok post or profile is private, was removed, or never existed."
            raise Reject("post_unavailable", message)
        raise Reject("nothing_found", "TikTok shows no public post at this address.")
    if subject is None:
        videos = tuple(replace(video, role="creator") for video in rows.items)
    else:
        videos = with_subject(rows.items, subject.ref)
    return Posts(videos, subject, video_links(output.items, ref_key))


def _subject(videos: Sequence[Video], link: Link, ref_key: bytes) -> Video | None:
    """The post that the link names. The run of a short link has that post only."""
    wanted = video_ref(link.url, ref_key)
    if wanted is None:
        return videos[0] if videos else None
    return next((video for video in videos if video.ref == wanted), None)


def video_links(items: Iterable[object], ref_key: bytes) -> dict[str, str]:
    """URLs of the posts, by the video's ref."""
    links = (text(field(item, "webVideoUrl")) for item in items if isinstance(item, dict))
    return {video_ref(link, ref_key) or "": link for link in links if link}


def comments_request(links: Sequence[str]) -> Request:
    """A run of at most COMMENTS comments, spread over the links."""
    wanted = {
        "postURLs": list(links),
        "commentsPerPost": COMMENTS // len(links),
        "maxRepliesPerComment": 0,
    }
    return Request(COMMENTS_ACTOR, wanted, max_items=COMMENTS)


def _subtitles(setting: VideoTranscripts) -> dict[str, str]:
    return {"downloadSubtitlesOptions": subtitles_option(setting)}


def _around(posts: Posts, transcripts: VideoTranscripts) -> dict[str, Request]:
    requests = {}
    commented = _commented(posts)
    if commented:
        requests["comments"] = comments_request(commented)
    hashtags = _niche_hashtags(posts)
    if hashtags:
        # Only subtitles for posts of other creators: we pay for no transcription of theirs.
        wanted = WITHOUT_FILES | _subtitles("off" if transcripts == "off" else "subtitles")
        wanted |= {
            "hashtags": hashtags,
            "resultsPerPage": NICHE_POSTS // len(hashtags),
        }
        requests["niche"] = Request(VIDEOS_ACTOR, wanted, max_items=NICHE_POSTS)
    return requests


def _commented(posts: Posts) -> list[str]:
    """URLs of the subject, or of a profile's posts with the most comments."""
    videos = [posts.subject] if posts.subject else list(posts.videos)
    discussed = [video for video in videos if video.comments != 0 and video.ref in posts.links]
    discussed.sort(key=lambda video: video.comments or 0, reverse=True)
    return [posts.links[video.ref] for video in discussed[:COMMENTED_POSTS]]


def _niche_hashtags(posts: Posts) -> list[str]:
    """The subject's hashtags first, then those that the creator uses most."""
    counts = Counter(tag for video in posts.videos for tag in video.hashtags)
    own = posts.subject.hashtags if posts.subject else ()
    ranked = [*sorted(own, key=lambda tag: -counts[tag]), *(tag for tag, _ in counts.most_common())]
    niche = dict.fromkeys(tag for tag in ranked if tag not in _EVERYBODYS)
    return list(niche)[:NICHE_HASHTAGS]


def collection_from(
    url: str, link: Link, posts: Posts, outputs: dict[str, RunOutput], services: SourceServices
) -> Collection:
    now, key = services.now(), services.ref_key
    niche = read_videos(outputs.get("niche", RunOutput()).items, ref_key=key, collected_at=now)
    known = {video.ref for video in posts.videos}
    comments = read_comments(outputs.get("comments", RunOutput()).items, ref_key=key).items
    is_partial = not all(output.is_complete for output in outputs.values())
    return Collection(
        provider="apify",
        source_kind="tiktok_profile" if link.is_profile else "tiktok_video",
        subject_url=url,
        collected_at=now,
        videos=posts.videos + tuple(video for video in niche.items if video.ref not in known),
        comments=comments,
        partial=is_partial,
        caveats=_caveats(posts, comments, is_partial=is_partial),
    )


def _caveats(posts: Posts, comments: Sequence[Comment], *, is_partial: bool) -> tuple[str, ...]:
    sentences = [_SOME_COMMENTS if comments else _NO_COMMENTS]
    if len(posts.videos) < 2:
        sentences.append(_NO_BASELINE)
    if is_partial:
        sentences.append(_PARTIAL)
    return tuple(sentences)


@dataclass(frozen=True)
class Found:
    """The result of a search."""

    videos: tuple[Video, ...] = ()
    comments: tuple[Comment, ...] = ()
    is_complete: bool = True


async def search(name: str, runs: ActorRuns, services: SourceServices, context: Context) -> Found:
    """Raises `Snooze` while runs go on; call it again with the same name to continue."""
    await context.report("searching_videos", 20)
    wanted = _request(name, _setting(services, context))
    posts = (await runs.fetch({"posts": wanted}, "searching_videos"))["posts"]
    key, now = services.ref_key, services.now()
    videos = read_videos(posts.items, ref_key=key, collected_at=now).items
    links = _discussed(name, videos, video_links(posts.items, key))
    comments = RunOutput()
    if links:
        await context.report("collecting_comments", 40)
        asked = {"comments": comments_request(links)}
        comments = (await runs.fetch(asked, "collecting_comments"))["comments"]
    spoken = _transcript_links([posts], key)
    if spoken and _setting(services, context) != "off":
        videos = await with_transcripts(videos, spoken, services)
    return Found(
        videos=videos,
        comments=read_comments(comments.items, ref_key=key).items,
        is_complete=posts.is_complete and comments.is_complete,
    )


def _request(name: str, transcripts: VideoTranscripts) -> Request:
    wanted = WITHOUT_FILES | _subtitles("off" if transcripts == "off" else "subtitles")
    wanted |= {
        "searchQueries": [name[:MAX_QUERY_CHARACTERS]],
        "searchSection": "/video",
        "resultsPerPage": POSTS,
    }
    return Request(VIDEOS_ACTOR, wanted, max_items=POSTS)


def _discussed(name: str, videos: Iterable[Video], links: dict[str, str]) -> list[str]:
    """URLs of the posts that name the product, those with the most comments."""
    named = [video for video in videos if overlap(name, video.text) >= NAMED and video.ref in links]
    named.sort(key=lambda video: video.comments or 0, reverse=True)
    return [links[video.ref] for video in named[:COMMENTED_POSTS]]


async def collect_own(url: str, services: SourceServices, context: Context) -> Collection:
    """Raises `Snooze` while runs or a token refresh go on; call it again to continue."""
    caveats: tuple[str, ...] = ()
    try:
        own = None if context.own_account is None else await context.own_account()
    except Disconnected:
        own, caveats = None, (ENDED,)
    link = await named_by(url, services)
    posts = None if own is None else _own_posts(own, link, services.ref_key)
    if posts is None:
        collection = await _of_somebody_else(url, services, context)
        return replace(collection, caveats=(*collection.caveats, *caveats))
    await context.report("collecting_videos", 10)
    outputs = await _around_own(posts, services, context)
    collection = collection_from(url, link, posts, outputs, services)
    collection = await _spoken(collection, outputs.values(), services, context)
    alone = () if services.apify is not None else (ALONE,)
    return replace(collection, provider="tiktok", caveats=(*collection.caveats, OWN, *alone))


def _own_posts(own: OwnPosts, link: Link, ref_key: bytes) -> Posts | None:
    """None if the link names neither the creator's profile nor one of their newest posts."""
    if link.is_profile:
        is_own = own.handle is not None and (link.handle or "").lower() == own.handle.lower()
        return Posts(own.videos, None, dict(own.links)) if is_own else None
    ref = video_ref(link.url, ref_key)
    subject = next((video for video in own.videos if video.ref == ref), None)
    if subject is None:
        return None
    return Posts(with_subject(own.videos, subject.ref), subject, dict(own.links))


async def _around_own(
    posts: Posts, services: SourceServices, context: Context
) -> dict[str, RunOutput]:
    if services.apify is None:
        return {}
    runs = ActorRuns(services.apify, context, services.now, services.apify_webhook_url)
    return await around(posts, runs, services, context)


async def _of_somebody_else(url: str, services: SourceServices, context: Context) -> Collection:
    others = sample.collect_in_place_of_tiktok if services.apify is None else collect
    return await others(url, services, context)
