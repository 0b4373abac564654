"""A product page with TikTok connected: posts found by the product's name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.apify import Outcome
from workers.engine.errors import Snooze
from workers.sources.routing import collect
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

PAGE = (Path(__file__).parent / "pages" / "shop.html").read_bytes()


def post(number, text):
    return {
        "id": str(number),
        "text": text,
        "webVideoUrl": f"https://www.tiktok.com/@mug_lover/video/{number}",
        "commentCount": number,
        "authorMeta": {"name": "mug_lover"},
    }


NAMED = post(1, "my new blue stoneware mug")
OTHER = post(2, "cats")
POSTS = Outcome([NAMED, OTHER])
COMMENTS = Outcome([{"cid": "1", "text": "lovely"}])


@pytest.fixture
def read(connected, report, website, memory):
    """One try of the job."""
    url = website.page("/mug", PAGE)

    async def try_once():
        return await collect(url, connected, report, memory)

    return try_once


async def test_a_product_is_searched_by_its_name_and_read_where_people_discuss_it(apify, read):
    apify.will(VIDEOS_ACTOR, POSTS)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    found = await read()
    posts, comments = (run.run_input for run in apify.started)
    assert posts["searchQueries"] == ["Stoneware mug, blue"]
    assert comments["postURLs"] == [NAMED["webVideoUrl"]]
    assert (found.provider, found.product.name) == ("web, apify", "Stoneware mug, blue")
    assert (len(found.videos), [each.kind for each in found.comments]) == (2, ["review", "comment"])
    assert found.caveats[0] == (
        "Videos were found on TikTok by the product's name; some may show another product."
    )


async def test_the_page_is_not_asked_at_every_look_at_a_run(apify, read, website):
    apify.will(VIDEOS_ACTOR, replace(POSTS, looks_until_finished=2))
    apify.will(COMMENTS_ACTOR, COMMENTS)
    for _look in range(2):
        with pytest.raises(Snooze):
            await read()
    await read()
    assert len(website.requests) == 2


async def test_without_a_post_that_names_it_no_comments_are_paid_for(apify, read):
    apify.will(VIDEOS_ACTOR, Outcome([OTHER]))
    found = await read()
    assert [run.actor for run in apify.started] == [VIDEOS_ACTOR]
    assert (len(found.videos), len(found.comments)) == (1, 1)


async def test_a_product_that_tiktok_does_not_know_says_so(apify, read):
    apify.will(VIDEOS_ACTOR, Outcome([]))
    found = await read()
    assert found.caveats[0] == "TikTok shows no videos under the product's name."
