"""The embedded source: data that ships with the project, or the data that SAMPLE_DATA names.

Both have items in the form of the Apify TikTok actors. We wrote the packaged data. Its dates move
with the clock. The dates of SAMPLE_DATA stay.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from workers.engine.errors import Reject
from workers.insights.inputs import Collection, Comment, ProductFacts, Video
from workers.sources.context import Context
from workers.sources.services import SourceServices
from workers.sources.tiktok.items import read_comments, read_videos, video_ref, with_subject

T = TypeVar("T", Video, Comment)

_PACKAGED_CAVEAT = "This is sample data, written for demonstration."
_FILE_CAVEAT = "This data was read from a file; ages count from its newest post."
_NOT_THIS_VIDEO = "This is sample data, not this video: no source for TikTok is connected."


@dataclass(frozen=True)
class _Files:
    """The parsed files."""

    videos: list[object]
    comments: list[object]
    product: dict[str, Any] | None


async def collect(url: str, services: SourceServices, context: Context) -> Collection:
    """The sample shop's product with its videos, or the data of SAMPLE_DATA."""
    await context.report("collecting", 10)
    return await asyncio.to_thread(_collect, url, services)


async def collect_in_place_of_tiktok(
    url: str, services: SourceServices, context: Context
) -> Collection:
    """Sample data in place of a TikTok video, with a caveat that says so."""
    collection = await collect(url, services, context)
    if services.sample_data is not None:
        return collection
    # Without `product`: nobody should take the sample's price and brand for their own product's.
    return replace(collection, product=None, subject_is_product=False, caveats=(_NOT_THIS_VIDEO,))


def _collect(url: str, services: SourceServices) -> Collection:
    now = services.now()
    data = _read(services.sample_data or files("workers.sources") / "sample_data")
    videos = read_videos(data.videos, ref_key=services.ref_key, collected_at=now).items
    comments = read_comments(data.comments, ref_key=services.ref_key).items
    if not videos and not comments:
        raise Reject("no_data_found", "The sample data holds no video and no comment.")
    collection = Collection(
        provider="sample",
        source_kind="sample",
        subject_url=url,
        collected_at=now,
        product=_product(data.product),
        subject_is_product=data.product is not None,
        videos=_with_roles(videos, url, services.ref_key),
        comments=comments,
        caveats=(_PACKAGED_CAVEAT,),
    )
    if services.sample_data is None:
        return _moved_to(collection, now)
    return _as_of_newest(collection)


def _read(source: Traversable) -> _Files:
    if source.is_file():
        return _Files(videos=_parse(source), comments=[], product=None)
    return _Files(
        videos=_parse(source / "videos.json"),
        comments=_parse(source / "comments.json"),
        product=_parse(source / "product.json"),
    )


def _parse(file: Traversable) -> Any:
    return json.loads(file.read_text("utf-8"))


def _product(given: dict[str, Any] | None) -> ProductFacts | None:
    if given is None:
        return None
    known = {field.name for field in fields(ProductFacts)}
    facts: dict[str, Any] = {key: value for key, value in given.items() if key in known}
    if facts.get("price") is not None:
        facts["price"] = Decimal(str(facts["price"]))
    for several in ("materials", "sizes", "colours", "categories"):
        facts[several] = tuple(facts.get(several, ()))
    return ProductFacts(**facts)


def _with_roles(videos: tuple[Video, ...], url: str, ref_key: bytes) -> tuple[Video, ...]:
    """Marks the subject: the video of the URL, or the one that the data marks, or the first."""
    wanted = video_ref(url, ref_key)
    refs = [video.ref for video in videos]
    if wanted in refs:
        return with_subject(videos, wanted)
    if any(video.role == "subject" for video in videos):
        return videos
    return with_subject(videos, refs[0] if refs else None)


def _moved_to(collection: Collection, now: datetime) -> Collection:
    """Moves all dates by whole days, so that each post keeps its hour of the day."""
    newest = _newest(collection)
    if newest is None:
        return collection
    shift = timedelta(days=(now - newest).days)
    return replace(
        collection,
        videos=tuple(_moved(video, shift) for video in collection.videos),
        comments=tuple(_moved(comment, shift) for comment in collection.comments),
    )


def _moved(item: T, shift: timedelta) -> T:
    return replace(item, created_at=item.created_at and item.created_at + shift)


def _as_of_newest(collection: Collection) -> Collection:
    """Takes the newest post's date as the time of collection, which files don't state."""
    newest = _newest(collection) or collection.collected_at
    videos = tuple(replace(video, collected_at=newest) for video in collection.videos)
    return replace(collection, collected_at=newest, videos=videos, caveats=(_FILE_CAVEAT,))


def _newest(collection: Collection) -> datetime | None:
    items: tuple[Video | Comment, ...] = (*collection.videos, *collection.comments)
    return max((item.created_at for item in items if item.created_at), default=None)
