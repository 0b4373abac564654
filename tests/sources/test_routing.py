"""Which provider serves which URL, and what sample data says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from workers.engine.errors import Reject
from workers.sources import sample
from workers.sources.routing import collect, route
from workers.sources.tiktok import posts
from workers.sources.web import shop

SHOP = "https://shop.creatorscook.example/products/cold-brew-bottle"
VIDEO = "https://www.tiktok.com/@mug_lover/video/100"
PAGE = Path(__file__).parent / "pages" / "shop.html"


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        (SHOP, sample.collect),
        ("https://creatorscook.example/", sample.collect),
        ("https://creatorscook.example.evil.test/", shop.collect),
        ("https://evil-creatorscook.example/", shop.collect),
        (VIDEO, sample.collect_in_place_of_tiktok),
        ("https://vm.tiktok.com/ZM1/", sample.collect_in_place_of_tiktok),
        ("https://WWW.TikTok.com./@x", sample.collect_in_place_of_tiktok),
        ("https://nottiktok.com/@x", shop.collect),
        ("https://potter.example/mug", shop.collect),
        ("http://[", shop.collect),
        ("", shop.collect),
    ],
)
def test_every_url_has_one_provider(services, url, provider):
    assert route(url, services).collect == provider


def test_tiktok_is_read_through_apify_where_it_is_connected(services):
    connected = replace(services, apify=object())
    assert route(VIDEO, connected).collect == posts.collect


async def test_the_sample_shop_brings_a_product_with_videos_and_comments(services, report):
    found = await collect(SHOP, services, report)
    assert (found.provider, found.source_kind, found.partial) == ("sample", "sample", False)
    assert found.product.name == "Marlow Cold Brew Bottle"
    assert {video.role for video in found.videos} == {"subject", "creator", "niche"}
    assert len(found.videos) > 50
    assert len(found.comments) > 100
    assert found.caveats == ("This is sample data, written for demonstration.",)


async def test_sample_data_is_always_fresh_and_never_from_the_future(services, report):
    later = replace(services, now=lambda: services.now() + timedelta(days=400))
    for world in (services, later):
        found = await collect(SHOP, world, report)
        newest = max(item.created_at for item in (*found.videos, *found.comments))
        assert timedelta(0) <= world.now() - newest < timedelta(days=1)


async def test_sample_data_under_a_tiktok_link_says_that_it_is_not_that_video(services, report):
    found = await collect(VIDEO, services, report)
    assert found.product is None
    assert found.caveats == (
        "This is sample data, not this video: no source for TikTok is connected.",
    )


def given_file(tmp_path, services, items):
    path = tmp_path / "items.json"
    path.write_text(json.dumps(items))
    return replace(services, sample_data=path)


def item(number):
    return {"id": str(number), "createTime": 1608214517, "authorMeta": {"name": "mug_lover"}}


async def test_a_data_file_stands_in_with_the_video_of_the_link_as_its_subject(
    tmp_path, services, report
):
    world = given_file(tmp_path, services, [item(1), item(100), item(2)])
    found = await collect(VIDEO, world, report)
    assert [video.role for video in found.videos] == ["creator", "subject", "creator"]
    assert found.collected_at.isoformat() == "2020-12-17T14:15:17+00:00"
    assert found.caveats == ("This data was read from a file; ages count from its newest post.",)


async def test_without_a_matching_video_the_first_is_the_subject(tmp_path, services, report):
    found = await collect(SHOP, given_file(tmp_path, services, [item(1), item(2)]), report)
    assert [video.role for video in found.videos] == ["subject", "creator"]


async def test_an_empty_data_file_is_an_answer(tmp_path, services, report):
    with pytest.raises(Reject) as caught:
        await collect(SHOP, given_file(tmp_path, services, []), report)
    assert caught.value.code == "no_data_found"


async def test_a_product_page_brings_facts_and_reviews(website, services, report):
    url = website.page("/mug", PAGE.read_bytes())
    found = await collect(url, services, report)
    assert (found.provider, found.source_kind, found.partial) == ("web", "product_page", True)
    assert (found.product.name, len(found.comments)) == ("Stoneware mug, blue", 1)
    assert found.caveats == (
        "A product page shows no videos, so nothing is said about virality.",
        "Product pages show only a few of their reviews.",
    )
    assert report.stages == [("fetching_page", 10)]


async def test_a_page_without_a_product_is_rejected(website, services, report):
    url = website.page("/", "<p>words</p>")
    with pytest.raises(Reject) as caught:
        await collect(url, services, report)
    assert caught.value.code == "not_a_product"
