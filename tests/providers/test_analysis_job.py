"""The analyze_product job with TikTok connected: a real worker and database, a fake Apify."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

from core.database import async_pool
from tests.database import make_product, make_user
from tests.fakes import apify as fake_apify
from tests.fakes.apify import Outcome
from workers.jobs import analyze_product
from workers.providers.apify import open_apify
from workers.providers.tiktok import COMMENTS_ACTOR, VIDEOS_ACTOR
from workers.runner import Runner

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


POSTS = Outcome([post(number) for number in range(100, 111)], looks_until_finished=1)
NICHE = Outcome([])
COMMENTS = Outcome(
    [{"cid": str(n), "text": f"canary opinion, I love number {n}"} for n in range(20)]
)


@asynccontextmanager
async def worker(db, services, apify):
    """A worker that may be ended and started again, as machines are."""
    async with (
        async_pool(db.url("worker"), application_name="test", max_size=4) as pool,
        open_apify(fake_apify.TOKEN, apify.url) as client,
    ):
        handler = analyze_product.handler(replace(services, apify=client))
        runner = Runner(
            pool,
            db.url("worker"),
            {"analyze_product": handler},
            queues=["ingestion"],
            concurrency=2,
            lease_seconds=5,
        )
        task = asyncio.create_task(runner.run())
        try:
            yield
        finally:
            runner.stop()
            await task


def job_of(db, product):
    return db.row(
        "select id, status, stage, attempt, error_code, error_message from public.jobs"
        " where product_id = %s",
        product["id"],
    )


async def until(db, product, status):
    async with asyncio.timeout(15):
        while job_of(db, product)["status"] != status:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.02)
    return job_of(db, product)


async def test_a_job_waits_for_apify_without_a_worker_and_without_a_try(db, services, apify):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    product = make_product(db, make_user(), source_url=LINK)
    async with worker(db, services, apify):
        parked = await until(db, product, "waiting")
    assert (parked["stage"], parked["attempt"]) == ("collecting_videos", 1)
    async with worker(db, services, apify):
        with db.as_worker() as session:
            assert session.value("select private.wake(%s)", parked["id"]) is True
        done = await until(db, product, "succeeded")
    assert done["attempt"] == 1
    assert [run.actor for run in apify.started] == [VIDEOS_ACTOR, COMMENTS_ACTOR, VIDEOS_ACTOR]
    assert db.value("select count(*) from public.virality_packs") == 1
    assert db.value("select count(*) from private.job_steps") == 0


async def test_nothing_that_people_wrote_is_in_the_database(db, services, apify):
    apify.will(VIDEOS_ACTOR, replace(POSTS, looks_until_finished=0), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    product = make_product(db, make_user(), source_url=LINK)
    async with worker(db, services, apify):
        await until(db, product, "succeeded")
    written = db.rows(
        "select content::text as text from public.analysis_results"
        " union all select configuration::text from public.virality_packs"
    )
    assert len(written) == 3
    assert not [row for row in written if "canary" in row["text"] or "mug_lover" in row["text"]]


async def test_the_user_is_told_in_a_sentence_why_there_is_no_analysis(db, services, apify):
    apify.will(VIDEOS_ACTOR, Outcome([{"url": LINK, "error": "Post not found or private"}]))
    product = make_product(db, make_user(), source_url=LINK)
    async with worker(db, services, apify):
        failed = await until(db, product, "failed")
    assert (failed["error_code"], failed["error_message"]) == (
        "post_unavailable",
        "This TikTok post or profile is private, was removed, or never existed.",
    )
