"""The user's own TikTok account: their posts as the baseline, tokens renewed once, and its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from core.encryption import Encryption
from core.tiktok import TikTokLogin
from tests.database import make_product, make_user
from tests.fakes import tiktok as fake_tiktok
from tests.fakes.apify import Outcome
from tests.patience import PATIENCE_SECONDS
from tests.running import job_of, until, worker
from tests.world import NOW
from workers.jobs import analyze_product
from workers.jobs import tiktok as tiktok_job
from workers.sources.tiktok.display import TikTokAccounts, open_display
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

KIND = "analyze_product"
LINK = "https://www.tiktok.com/@mug_lover/video/100"
ENCRYPTION = Encryption([Fernet.generate_key().decode()])


def video(number, views=1000):
    return {
        "id": str(number),
        "create_time": int((NOW - timedelta(days=number - 95)).timestamp()),
        "share_url": f"https://www.tiktok.com/@mug_lover/video/{number}?utm_campaign=tt4d",
        "video_description": f"canary caption {number} #mugs",
        "duration": 20,
        "view_count": views,
        "like_count": 50,
        "comment_count": 5,
        "share_count": 3,
    }


@pytest.fixture
def tiktok():
    with fake_tiktok.serving() as fake:
        fake.videos = [video(100, views=9000)] + [video(n) for n in range(101, 131)]
        yield fake


@pytest.fixture
async def accounts(tiktok):
    login = TikTokLogin(
        fake_tiktok.KEY, fake_tiktok.SECRET, base_url=tiktok.url, web_url=tiktok.url
    )
    async with open_display(tiktok.url) as display:
        yield TikTokAccounts(login, display, ENCRYPTION)


@pytest.fixture
def user(db, tiktok):
    """Somebody who has connected their account."""
    user_id = make_user(db)
    tokens = tiktok._tokens()
    with db.as_webhook() as webhook:
        webhook.execute(
            "select private.save_tiktok(%s, 'creator-1', 'video.list', %s, %s, 86400, 31536000)",
            user_id,
            ENCRYPTION.encrypt(tokens["access_token"]),
            ENCRYPTION.encrypt(tokens["refresh_token"]),
        )
    return user_id


@pytest.fixture
def product(db, user):
    return make_product(db, user, source_url=LINK)


def breakdown(db):
    return db.value("select content from public.analysis_results where type = 'virality_breakdown'")


def stale(db):
    db.execute("update private.tiktok_connections set access_ends_at = now()")


async def analysed(db, product, services, status="succeeded"):
    async with worker(db, KIND, analyze_product.handler(services)):
        return await until(db, product, KIND, status)


async def test_the_creators_own_median_is_the_baseline(db, product, services, accounts):
    await analysed(db, product, replace(services, tiktok_accounts=accounts))
    found = breakdown(db)
    assert (found["stands_out"]["basis"], found["stands_out"]["n"]) == ("creator_median", 20)
    assert found["stands_out"]["value"] > 90
    low, high = found["stands_out"]["interval"]
    assert low <= found["stands_out"]["value"] <= high
    assert any("connected TikTok account" in caveat for caveat in found["caveats"])
    assert "canary" not in str(found)


async def test_pages_are_asked_for_until_the_bound(db, product, services, accounts, tiktok):
    tiktok.videos += [video(n) for n in range(200, 400)]
    await analysed(db, product, replace(services, tiktok_accounts=accounts))
    assert tiktok.calls == ["list"] * 3


async def test_own_posts_cost_no_run_and_comments_still_do(db, product, connected, accounts, apify):
    apify.will(COMMENTS_ACTOR, Outcome([{"cid": "1", "text": "nice"}]))
    apify.will(VIDEOS_ACTOR, Outcome([]))
    await analysed(db, product, replace(connected, tiktok_accounts=accounts))
    comments, niche = apify.started
    assert comments.run_input["postURLs"][0].startswith(LINK)
    assert niche.run_input["hashtags"] == ["mugs"]


async def test_somebody_elses_link_is_read_through_apify(db, user, connected, accounts, apify):
    link = "https://www.tiktok.com/@somebody/video/7"
    product = make_product(db, user, source_url=link)
    post = {"id": "7", "webVideoUrl": link, "authorMeta": {"name": "somebody"}, "playCount": 5}
    apify.will(VIDEOS_ACTOR, Outcome([post]))
    apify.will(COMMENTS_ACTOR, Outcome([]), Outcome([]))
    await analysed(db, product, replace(connected, tiktok_accounts=accounts))
    assert apify.started[0].run_input["postURLs"] == [link]


async def test_an_old_access_token_is_renewed_and_kept_sealed(
    db, product, services, accounts, tiktok
):
    stale(db)
    await analysed(db, product, replace(services, tiktok_accounts=accounts))
    row = db.row("select access_token, refresh_token from private.tiktok_connections")
    assert tiktok.calls[0] == "refresh_token"
    assert {ENCRYPTION.decrypt(row["refresh_token"])} == tiktok.refresh
    assert ENCRYPTION.decrypt(row["access_token"]) in tiktok.access


async def test_several_jobs_renew_it_once(db, user, services, accounts, tiktok):
    products = [make_product(db, user, source_url=f"{LINK}?{n}", name=f"p{n}") for n in range(4)]
    stale(db)
    tiktok.seconds = 0.3
    handler = analyze_product.handler(replace(services, tiktok_accounts=accounts))
    async with worker(db, KIND, handler), worker(db, KIND, handler):
        for product in products:
            await until(db, product, KIND, "succeeded")
    assert tiktok.calls.count("refresh_token") == 1


async def test_a_consent_that_was_withdrawn_is_said_and_forgotten(
    db, product, services, accounts, tiktok
):
    tiktok.access.clear()
    tiktok.refresh.clear()
    await analysed(db, product, replace(services, tiktok_accounts=accounts))
    assert any("no longer connected" in caveat for caveat in breakdown(db)["caveats"])
    assert db.value("select count(*) from private.tiktok_connections") == 0


@pytest.fixture
def own(services, accounts):
    return replace(services, tiktok_accounts=accounts)


@pytest.mark.parametrize("code", ["scope_permission_missed", "scope_not_authorized"])
async def test_a_scope_taken_back_is_said_and_ends_the_connection(db, product, own, tiktok, code):
    tiktok.error = (400, code)
    await analysed(db, product, own)
    assert any("no longer connected" in caveat for caveat in breakdown(db)["caveats"])
    assert db.value("select count(*) from private.tiktok_connections") == 0


async def test_a_scope_taken_back_after_a_renewal_ends_the_new_tokens(db, product, own, tiktok):
    """No later job asks with them again."""
    stale(db)
    tiktok.error = (400, "scope_permission_missed")
    await analysed(db, product, own)
    assert any("no longer connected" in caveat for caveat in breakdown(db)["caveats"])
    assert db.value("select count(*) from private.tiktok_connections") == 0
    assert tiktok.calls.count("refresh_token") == 1


async def test_too_many_questions_are_repeated_after_a_minute(
    db, product, services, accounts, tiktok
):
    tiktok.error = (429, "rate_limit_exceeded")
    async with worker(
        db, KIND, analyze_product.handler(replace(services, tiktok_accounts=accounts))
    ):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while job_of(db, product, KIND)["stage"] != "retrying":  # noqa: ASYNC110 - in the database
                await asyncio.sleep(0.02)
    job = job_of(db, product, KIND)
    assert (job["error_code"], job["error_message"]) == (
        "tiktok_busy",
        "TikTok asks us to come back in a minute.",
    )
    waits = db.value("select extract(epoch from max(vt) - now()) from pgmq.q_jobs")
    assert 50 < waits <= 61


async def test_an_end_is_told_to_tiktok_and_nothing_is_kept(db, user, accounts, tiktok):
    with db.as_webhook() as webhook:
        assert webhook.value("select private.disconnect_tiktok(%s)", user) is True
    async with worker(db, "revoke_tiktok", tiktok_job.handler(accounts), "maintenance"):
        await ended(db)
    assert (tiktok.access, tiktok.refresh, len(tiktok.revoked)) == (set(), set(), 1)
    assert db.value("select count(*) from private.tiktok_revocations") == 0


async def test_an_access_token_that_ended_by_itself_ends_the_rest_too(db, user, accounts, tiktok):
    tiktok.access.clear()
    with db.as_webhook() as webhook:
        webhook.execute("select private.disconnect_tiktok(%s)", user)
    async with worker(db, "revoke_tiktok", tiktok_job.handler(accounts), "maintenance"):
        await ended(db)
    assert (tiktok.access, tiktok.refresh) == (set(), set())


@pytest.mark.parametrize(
    "error",
    [
        ("tiktok_unavailable", "TikTok has a problem right now."),
        ("tiktok_not_configured", "TikTok is not set up here."),
    ],
)
async def test_an_end_that_cannot_be_told_yet_is_told_later(db, user, accounts, tiktok, error):
    tiktok.oauth_error = (500, "internal_error")
    is_set_up = error[0] != "tiktok_not_configured"
    with db.as_webhook() as webhook:
        webhook.execute("select private.disconnect_tiktok(%s)", user)
    handler = tiktok_job.handler(accounts if is_set_up else None)
    async with worker(db, "revoke_tiktok", handler, "maintenance"):
        await ended(db, "retrying")
    job = db.row("select * from public.jobs where kind = 'revoke_tiktok'")
    assert (job["error_code"], job["error_message"]) == error
    assert db.value("select count(*) from private.tiktok_revocations") == 1


async def ended(db, stage="done"):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (  # noqa: ASYNC110 - it is in the database
            db.value("select stage from public.jobs where kind = 'revoke_tiktok'") != stage
        ):
            await asyncio.sleep(0.02)
