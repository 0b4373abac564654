"""A run at Apify reports its end to the Flask app, and the job that waits goes on at once."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from werkzeug.serving import make_server

from tests.database import make_product, make_user
from tests.fakes.apify import Outcome
from tests.running import until, worker
from tests.webhooks.edge import make_settings, running
from workers.jobs import analyze_product
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR


@pytest.fixture
def served(db, tmp_path):
    """The app on a port, as Apify would reach it."""
    apps = running(make_settings(db.url("webhook"), tmp_path))
    server = make_server("127.0.0.1", 0, next(apps).app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    apps.close()


LINK = "https://www.tiktok.com/@mug_lover/video/100"


def post(number):
    return {
        "id": str(number),
        "text": f"mug {number} #mugs",
        "createTimeISO": f"2026-11-{number - 90:02}T10:00:00.000Z",
        "webVideoUrl": f"https://www.tiktok.com/@mug_lover/video/{number}",
        "playCount": number * 10,
        "commentCount": number,
        "authorMeta": {"name": "mug_lover"},
    }


async def test_a_run_that_reports_its_end_resumes_the_job_within_a_second(
    db, served, connected, apify
):
    product = make_product(db, make_user(db), source_url=LINK)
    posts = Outcome([post(number) for number in range(100, 111)])
    apify.will(VIDEOS_ACTOR, replace(posts, until_told=True), Outcome([]))
    apify.will(COMMENTS_ACTOR, Outcome([{"cid": "1", "text": "nice"}]))
    services = replace(connected, apify_webhook_url=f"{served}/apify/webhook")
    async with worker(db, "analyze_product", analyze_product.handler(services)):
        await until(db, product, "analyze_product", "waiting")
        [run] = apify.started
        assert run.webhooks[0]["requestUrl"].startswith(f"{served}/apify/webhook?id=")
        sleeps = db.value(
            "select extract(epoch from vt - now()) from pgmq.q_jobs"
            " where headers ->> 'queue' = 'ingestion'"
        )
        assert sleeps > 30, "it would look by itself soon"
        begun = time.monotonic()
        assert await asyncio.to_thread(apify.finish, run) == 200
        while len(apify.started) < 2:
            assert time.monotonic() - begun < 10
            await asyncio.sleep(0.005)
        resumed_after = time.monotonic() - begun
        await until(db, product, "analyze_product", "succeeded")
    assert resumed_after < 5, "by time alone it would have taken a minute"
    print(f"resumed after {resumed_after:.3f} s")  # noqa: T201 - shown by pytest -rP
    assert db.value("select count(*) from public.virality_packs") == 1
