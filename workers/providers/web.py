"""Any shop's product page: fetched, then parsed in a thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workers.errors import Reject
from workers.insights.inputs import Collection
from workers.providers.product_page import read_page

if TYPE_CHECKING:
    from workers.providers.context import Context
    from workers.providers.services import Services

_NO_VIDEOS = "A product page shows no videos, so nothing is said about virality."
_NO_REVIEWS = "The page shows no reviews, so nothing is said about what buyers think."
_FEW_REVIEWS = "Product pages show only a few of their reviews."


async def collect(url: str, services: Services, context: Context) -> Collection:
    """The page's product facts, and the reviews that are on it."""
    await context.report("fetching_page", 10)
    page = await services.fetcher.get(url)
    await context.report("reading_page", 30)
    facts, reviews = await asyncio.to_thread(read_page, page, services.ref_key)
    if facts is None:
        raise Reject("no_product_found", "We could not find a product on this page.")
    return Collection(
        provider="web",
        source_kind="product_page",
        subject_url=url,
        collected_at=services.now(),
        product=facts,
        comments=reviews,
        partial=True,
        limits=(_NO_VIDEOS, _FEW_REVIEWS if reviews else _NO_REVIEWS),
    )
