"""The analyze_product job with TikTok connected: a real worker and database, a fake Apify."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.database import make_product, make_user
from tests.fakes.apify import Outcome
from tests.running import until, worker
from workers.jobs import analyze_product
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

KIND = "analyze_product"
LINK = "https://www.tiktok.com/@mug_lover/video/100"


def post(number):
    return {
        "id": str(number),
        "text": f"canary caption {number} #mugs",
        "createTimeISO": f"2026-11-{number - 90:02}T10:00:00.000Z",
        "webVideoUrl": f"https://www.tiktok.com/@mug_lover/video/{number}",
        "playCount": number * 10,
        "commentCount": number,
        "authorMeta": {"name": "mug_lover"},
    }


POSTS = Outcome([post(number) for number in range(100, 111)])
NICHE = Outcome([])
COMMENTS = Outcome(
    [{"cid": str(n), "text": f"canary opinion, I love number {n}"} for n in range(20)]
)


@pytest.fixture
def product(db):
    return make_product(db, make_user(db), source_url=LINK)


async def test_a_job_waits_for_apify_without_a_worker_and_without_a_try(
    db, product, connected, apify
):
    apify.will(VIDEOS_ACTOR, replace(POSTS, looks_until_finished=1), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    async with worker(db, KIND, analyze_product.handler(connected)):
        snoozed = await until(db, product, KIND, "waiting")
    assert (snoozed["stage"], snoozed["attempt"]) == ("collecting_videos", 1)
    async with worker(db, KIND, analyze_product.handler(connected)):
        assert db.value("select private.wake(%s)", snoozed["id"]) is True
        done = await until(db, product, KIND, "succeeded")
    assert done["attempt"] == 1
    assert [run.actor for run in apify.started] == [VIDEOS_ACTOR, COMMENTS_ACTOR, VIDEOS_ACTOR]
    assert db.value("select count(*) from public.virality_packs") == 1
    assert db.value("select count(*) from private.live_jobs where steps is not null") == 0


async def test_nothing_that_people_wrote_is_in_the_database(db, product, connected, apify):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    async with worker(db, KIND, analyze_product.handler(connected)):
        await until(db, product, KIND, "succeeded")
    written = db.rows(
        "select content::text as text from public.analysis_results"
        " union all select configuration::text from public.virality_packs"
    )
    assert len(written) == 3
    assert not [row for row in written if "canary" in row["text"] or "mug_lover" in row["text"]]


async def test_the_user_is_told_in_a_sentence_why_there_is_no_analysis(
    db, product, connected, apify
):
    apify.will(VIDEOS_ACTOR, Outcome([{"url": LINK, "error": "Post not found or private"}]))
    async with worker(db, KIND, analyze_product.handler(connected)):
        failed = await until(db, product, KIND, "failed")
    assert (failed["error_code"], failed["error_message"]) == (
        "post_unavailable",
        "This TikTok post or profile is private, was removed, or never existed.",
    )


async def test_a_page_that_is_no_product_uses_up_no_analysis_and_pays_for_nothing(
    db, connected, apify, website
):
    url = website.page("/hello", "<title>Hello</title><h1>Hello</h1>")
    product = make_product(db, make_user(db), source_url=url)
    assert db.value("select used from private.usage where metric = 'analyses'") == 1
    async with worker(db, KIND, analyze_product.handler(connected)):
        failed = await until(db, product, KIND, "failed")
    assert failed["error_code"] == "not_a_product"
    assert failed["error_message"].startswith("This page is not about one product that is for sale")
    assert db.value("select used from private.usage where metric = 'analyses'") == 0
    assert apify.started == []
