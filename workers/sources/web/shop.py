"""A shop's product page and, if Apify is configured, TikTok posts about the product."""

from __future__ import annotations

from dataclasses import dataclass

from workers.engine.errors import Reject
from workers.engine.isolated import Task
from workers.engine.isolation import BeyondBounds
from workers.insights.inputs import Collection, Comment, ProductFacts
from workers.sources.context import Context
from workers.sources.services import SourceServices
from workers.sources.tiktok import posts
from workers.sources.tiktok.apify import ActorRuns
from workers.sources.tiktok.posts import Found
from workers.sources.web.product import read_page

READ_PAGE = Task(read_page, returns=tuple[ProductFacts | None, tuple[Comment, ...]])

_NO_VIDEOS = "A product page shows no videos, so nothing is said about virality."
_NO_REVIEWS = "The page shows no reviews, so nothing is said about what buyers think."
_FEW_REVIEWS = "Product pages show only a few of their reviews."
_NOT_A_PRODUCT = (
    "This page is not about one product that is for sale. Please give the address of the"
    " product's own page."
)
_FOUND_PART = "TikTok gave only a part of what was asked for."


@dataclass(frozen=True)
class _Read:
    """The content of one page."""

    facts: ProductFacts
    reviews: tuple[Comment, ...]


async def collect(url: str, services: SourceServices, context: Context) -> Collection:
    """The page's product facts, its reviews, and posts about the product."""
    if services.apify is None:
        await context.report("fetching_page", 10)
        return _collection(url, await _read(url, services), None, services)
    return await _with_posts(
        url,
        services,
        context,
        ActorRuns(services.apify, context, services.now, services.apify_webhook_url),
    )


async def _with_posts(
    url: str, services: SourceServices, context: Context, runs: ActorRuns
) -> Collection:
    """The first attempt fetches the page for its name, the last one again for everything else."""
    read: _Read | None = None

    async def name_on_page() -> str:
        nonlocal read
        await context.report("fetching_page", 10)
        read = await _read(url, services)
        return read.facts.name

    name = await context.step("product_name", name_on_page)
    found = await posts.search(name, runs, services, context)
    return _collection(url, read or await _read(url, services), found, services)


async def _read(url: str, services: SourceServices) -> _Read:
    page = await services.fetcher.get(url)
    try:
        facts, reviews = await services.compute(READ_PAGE, page, services.ref_key)
    except BeyondBounds as error:
        raise Reject("page_too_complex", "The page is too complex for us to read.") from error
    if facts is None:
        raise Reject("not_a_product", _NOT_A_PRODUCT)
    return _Read(facts, reviews)


def _collection(url: str, read: _Read, found: Found | None, services: SourceServices) -> Collection:
    return Collection(
        provider="web" if found is None else "web, apify",
        source_kind="product_page",
        subject_url=url,
        collected_at=services.now(),
        product=read.facts,
        subject_is_product=True,
        videos=found.videos if found else (),
        comments=read.reviews + (found.comments if found else ()),
        partial=True,
        caveats=(_caveat_of_videos(found), _FEW_REVIEWS if read.reviews else _NO_REVIEWS),
    )


def _caveat_of_videos(found: Found | None) -> str:
    if found is None:
        return _NO_VIDEOS
    if not found.videos:
        return posts.NOTHING_FOUND
    return posts.FOUND_BY_NAME if found.is_complete else _FOUND_PART
