"""A TikTok link where the user has connected an account: their own posts come from TikTok itself.

Somebody else's link, and comments and niche of their own, still come through Apify.
"""

from __future__ import annotations

from dataclasses import replace

from workers.insights.inputs import Collection
from workers.providers import sample, tiktok
from workers.providers.apify_runs import Harvest, Runs
from workers.providers.context import Context
from workers.providers.services import Services
from workers.providers.tiktok import Link, Posts
from workers.providers.tiktok_display import Disconnected, OwnPosts
from workers.providers.tiktok_items import video_ref, with_subject

OWN = "These posts come from your connected TikTok account, which tells no saves and no sounds."
ENDED = "Your TikTok account is no longer connected: connect it again for your own baseline."
ALONE = "Comments and posts of the niche are not read here: no source for them is connected."


async def collect(url: str, services: Services, context: Context) -> Collection:
    """Raises `Park` while runs or a renewal go on; called again, it continues."""
    limits: tuple[str, ...] = ()
    try:
        own = None if context.own_account is None else await context.own_account()
    except Disconnected:
        own, limits = None, (ENDED,)
    link = await tiktok.named_by(url, services)
    posts = None if own is None else _posts(own, link, services.ref_key)
    if posts is None:
        collection = await _of_somebody_else(url, services, context)
        return replace(collection, limits=(*collection.limits, *limits))
    await context.report("collecting_videos", 10)
    harvests = await _around(posts, services, context)
    collection = tiktok.collection(url, link, posts, harvests, services)
    alone = () if services.apify is not None else (ALONE,)
    return replace(collection, provider="tiktok", limits=(*collection.limits, OWN, *alone))


def _posts(own: OwnPosts, link: Link, ref_key: bytes) -> Posts | None:
    """None where the link names none of the creator's own newest posts, nor their profile."""
    if link.is_profile:
        is_own = own.handle is not None and (link.handle or "").lower() == own.handle.lower()
        return tiktok.Posts(own.videos, None, dict(own.links)) if is_own else None
    ref = video_ref(link.url, ref_key)
    subject = next((video for video in own.videos if video.ref == ref), None)
    if subject is None:
        return None
    return tiktok.Posts(with_subject(own.videos, subject.ref), subject, dict(own.links))


async def _around(posts: Posts, services: Services, context: Context) -> dict[str, Harvest]:
    if services.apify is None:
        return {}
    runs = Runs(services.apify, context, services.now, services.apify_webhook_url)
    return await tiktok.around(posts, runs, context)


async def _of_somebody_else(url: str, services: Services, context: Context) -> Collection:
    others = sample.collect_in_place_of_tiktok if services.apify is None else tiktok.collect
    return await others(url, services, context)
