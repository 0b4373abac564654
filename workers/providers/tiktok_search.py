"""Posts about a product, found on TikTok by its name, with the comments under the best matches.

A search also brings what is only called alike. Such posts show the niche; comments are read only
under posts whose caption names the product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workers.insights.inputs import Comment, Video
from workers.providers.apify import Request
from workers.providers.apify_runs import Harvest, Runs
from workers.providers.context import Context
from workers.providers.product_name import overlap
from workers.providers.services import Services
from workers.providers.tiktok import (
    COMMENTED_POSTS,
    VIDEOS_ACTOR,
    WITHOUT_FILES,
    comments_request,
    video_links,
)
from workers.providers.tiktok_items import read_comments, read_videos

POSTS = 40
NAMED = 0.5  # share of the name's words that a caption must have
MAX_QUERY_CHARACTERS = 80

FOUND_BY_NAME = "Videos were found on TikTok by the product's name; some may show another product."
NOTHING_FOUND = "TikTok shows no videos under the product's name."


@dataclass(frozen=True)
class Found:
    """What TikTok has about a product."""

    videos: tuple[Video, ...] = ()
    comments: tuple[Comment, ...] = ()
    is_complete: bool = True


async def search(name: str, runs: Runs, services: Services, context: Context) -> Found:
    """Raises `Park` while runs go on; called again with the same name, it continues."""
    await context.report("searching_videos", 20)
    posts = (await runs.harvest({"posts": _request(name)}, "searching_videos"))["posts"]
    key, now = services.ref_key, services.now()
    videos = read_videos(posts.items, ref_key=key, collected_at=now).items
    links = _discussed(name, videos, video_links(posts.items, key))
    comments = Harvest()
    if links:
        await context.report("collecting_comments", 40)
        asked = {"comments": comments_request(links)}
        comments = (await runs.harvest(asked, "collecting_comments"))["comments"]
    return Found(
        videos=videos,
        comments=read_comments(comments.items, ref_key=key).items,
        is_complete=posts.is_complete and comments.is_complete,
    )


def _request(name: str) -> Request:
    wanted = WITHOUT_FILES | {
        "searchQueries": [name[:MAX_QUERY_CHARACTERS]],
        "searchSection": "/video",
        "resultsPerPage": POSTS,
    }
    return Request(VIDEOS_ACTOR, wanted, max_items=POSTS)


def _discussed(name: str, videos: Iterable[Video], links: dict[str, str]) -> list[str]:
    """Where people talk about this product most."""
    named = [video for video in videos if overlap(name, video.text) >= NAMED and video.ref in links]
    named.sort(key=lambda video: video.comments or 0, reverse=True)
    return [links[video.ref] for video in named[:COMMENTED_POSTS]]
