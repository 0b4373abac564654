"""Paid runs: they stay counted, keep to a budget a day, and leave nothing at Apify."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from psycopg import ProgrammingError

from tests.database import make_product, make_user
from tests.fakes.apify import Outcome
from tests.patience import PATIENCE_SECONDS
from tests.running import job_of, until, worker
from tests.sources.test_analysis_job import COMMENTS, KIND, LINK, NICHE, POSTS
from workers.engine.errors import Reject, Retry
from workers.insights.inputs import Collection
from workers.jobs import analyze_product, maintenance
from workers.sources.routing import collect
from workers.sources.tiktok.apify import MAX_CHARGE_USD
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

PLANNED = 3
PAGE = "<title>Cold brew bottle</title><h1>Cold brew bottle</h1><button>Buy now</button>"


class TurningPage:
    """A shop that shows its page once, for the name, and refuses it afterwards."""

    def __init__(self, fetcher, website):
        self._fetcher, self._website = fetcher, website

    async def get(self, url):
        page = await self._fetcher.get(url)
        self._website.page("/mug", "no", status="403 Forbidden")
        return page


async def analysed_again(db, services, website, product):
    """One more analysis of a page that turns; the job, or the code of the refusal."""
    website.page("/mug", PAGE)
    db.execute(
        "delete from public.jobs where finished_at is not null and product_id = %s", product["id"]
    )
    try:
        with db.as_user(product["user_id"]) as owner:
            owner.row("select * from public.run_analysis(%s)", product["id"])
    except ProgrammingError as refused:
        return refused.diag.message_primary
    return await ended(db, services, product)


async def ended(db, services, product):
    """The job's code once it has failed; where it waits for a run, it is woken."""
    async with (
        worker(db, KIND, analyze_product.handler(services)),
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        while (job := job_of(db, product, KIND))["status"] not in {"failed", "succeeded"}:
            if job["status"] == "waiting":
                db.execute("select private.wake(%s)", job["id"])
            await asyncio.sleep(0.02)
    return job["error_code"]


async def test_a_page_that_blocks_after_the_paid_run_costs_no_more_runs_than_the_plan_has(
    db, connected, website, apify
):
    db.execute("update public.plans set analyses_per_month = %s where id = 'free'", PLANNED)
    services = replace(connected, fetcher=TurningPage(connected.fetcher, website))
    url = website.page("/mug", PAGE)
    product = make_product(db, make_user(db), source_url=url)
    apify.otherwise = Outcome([], looks_until_finished=1)
    ends = [await ended(db, services, product)]
    ends += [await analysed_again(db, services, website, product) for _ in range(PLANNED + 2)]
    assert ends[:PLANNED] == ["page_blocked"] * PLANNED
    assert all("quota_exceeded" in end for end in ends[PLANNED:])
    assert len(apify.started) == PLANNED
    await swept(db, connected)
    assert apify.left == []


async def test_a_job_that_paid_for_nothing_gives_its_use_back(db, connected, website, apify):
    url = website.page("/mug", "no", status="403 Forbidden")
    product = make_product(db, make_user(db), source_url=url)
    async with worker(db, KIND, analyze_product.handler(connected)):
        await until(db, product, KIND, "failed")
    assert (apify.started, used(db)) == ([], 0)


def used(db):
    return db.value("select used from private.usage where metric = 'analyses'")


async def swept(db, services):
    """What ended jobs left at Apify is deleted, as by schedule."""
    job_id = db.value("select private.enqueue('delete_source_runs', null, null, 'now')")
    handler = maintenance.source_run_deletion(services.apify)
    async with (
        worker(db, "delete_source_runs", handler, "maintenance"),
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        while db.value("select status from public.jobs where id = %s", job_id) != "succeeded":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_runs_are_deleted_at_apify_however_their_job_ended(db, connected, apify):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE, Outcome([{"url": LINK, "error": "private"}]))
    apify.will(COMMENTS_ACTOR, COMMENTS)
    good = make_product(db, make_user(db), source_url=LINK)
    async with worker(db, KIND, analyze_product.handler(connected)):
        await until(db, good, KIND, "succeeded")
        bad = make_product(db, make_user(db), source_url=LINK)
        await until(db, bad, KIND, "failed")
    assert len(apify.left) == 4
    db.execute("delete from public.products where id = %s", good["id"])
    await swept(db, connected)
    assert apify.left == []
    assert db.value("select count(*) from private.source_runs") == 0


async def test_runs_of_a_job_that_waits_are_left_to_it(db, connected, apify):
    apify.will(VIDEOS_ACTOR, replace(POSTS, until_told=True))
    product = make_product(db, make_user(db), source_url=LINK)
    async with worker(db, KIND, analyze_product.handler(connected)):
        await until(db, product, KIND, "waiting")
    await swept(db, connected)
    assert apify.left == ["run1"]


async def test_the_budget_of_a_day_ends_an_analysis_before_it_pays(db, connected, apify):
    db.execute("update private.spending_limits set usd_per_day = 0.4 where plan = 'free'")
    product = make_product(db, make_user(db), source_url=LINK)
    async with worker(db, KIND, analyze_product.handler(connected)):
        failed = await until(db, product, KIND, "failed")
    assert (failed["error_code"], failed["error_message"]) == (
        "daily_budget_reached",
        "Today's budget for this data is used up. Try again tomorrow.",
    )
    assert (apify.started, used(db)) == ([], 0)
    assert db.value("select sum(usd) from private.spending") == 0


async def test_where_the_budget_ends_half_way_the_analysis_says_what_it_lacks(db, connected, apify):
    db.execute("update private.spending_limits set usd_per_day = 1 where plan = 'free'")
    apify.will(VIDEOS_ACTOR, POSTS)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    product = make_product(db, make_user(db), source_url=LINK)
    async with worker(db, KIND, analyze_product.handler(connected)):
        await until(db, product, KIND, "succeeded")
    caveats = db.value("select configuration -> 'caveats' from public.virality_packs")
    assert "TikTok gave only a part of what was asked for." in caveats
    assert db.value("select usd from private.spending") == 2 * MAX_CHARGE_USD
    assert len(apify.started) == 2


async def test_a_refused_start_counts_neither_as_spending_nor_as_use(db, connected, apify):
    apify.will(VIDEOS_ACTOR, Outcome(error=(402, "not-enough-usage-to-run-paid-actor")))
    product = make_product(db, make_user(db), source_url=LINK)
    async with worker(db, KIND, analyze_product.handler(connected)):
        await until(db, product, KIND, "failed")
    assert (db.value("select sum(usd) from private.spending"), used(db)) == (0, 0)


async def test_a_run_that_was_started_beside_an_error_is_counted_once(db, connected, apify):
    apify.will(VIDEOS_ACTOR, replace(POSTS, late_error=(502, "bad-gateway")), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    product = make_product(db, make_user(db), source_url=LINK)
    async with (
        worker(db, KIND, analyze_product.handler(connected)),
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        while job_of(db, product, KIND)["error_code"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        db.execute("update pgmq.q_jobs set vt = now(), enqueued_at = now()")
        await until(db, product, KIND, "succeeded")
    assert len(apify.started) == 3
    assert db.value("select usd from private.spending") == 3 * MAX_CHARGE_USD


async def test_a_start_whose_answer_was_lost_is_found_beside_the_actors_defaults(
    connected, report, memory, apify
):
    defaults = {"proxyCountryCode": "None", "maxProfilesPerQuery": 10}
    apify.will(VIDEOS_ACTOR, replace(POSTS, answer_is_lost=True, defaults=defaults), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    with pytest.raises(Retry):
        await collect(LINK, connected, report, memory)
    assert isinstance(await collect(LINK, connected, report, memory), Collection)
    assert [run.actor for run in apify.started] == [VIDEOS_ACTOR, COMMENTS_ACTOR, VIDEOS_ACTOR]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(error=(404, "record-not-found")),
        Outcome(error=(400, "invalid-input")),
        Outcome(is_strange=True),
    ],
)
async def test_what_apify_answers_since_a_change_is_no_bug_of_ours(
    connected, report, memory, apify, outcome
):
    apify.will(VIDEOS_ACTOR, outcome)
    with pytest.raises((Retry, Reject)) as caught:
        await collect(LINK, connected, report, memory)
    assert caught.value.code == "source_unavailable"
