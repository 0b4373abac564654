"""TikTok through Apify, on a fake Apify: what is paid for, what comes back, what users are told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes import apify as fake_apify
from tests.fakes.apify import Outcome
from workers.engine.errors import Reject, Retry, Snooze
from workers.insights.evidence import pseudonym
from workers.sources.routing import collect
from workers.sources.tiktok.oembed import open_tiktok_web
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

LINK = "https://www.tiktok.com/@mug_lover/video/100"
ERROR_ROW = {"url": LINK, "error": "Post not found or private", "errorCode": "NOT_FOUND"}


def post(number, handle="mug_lover"):
    return {
        "id": str(number),
        "text": f"mug {number} #mugs #fyp",
        "createTimeISO": "2026-11-20T10:00:00.000Z",
        "webVideoUrl": f"https://www.tiktok.com/@{handle}/video/{number}",
        "playCount": number * 10,
        "commentCount": number,
        "authorMeta": {"name": handle},
    }


def comment(number):
    return {"cid": str(number), "text": "nice", "uniqueId": "somebody", "videoWebUrl": LINK}


POSTS = Outcome([post(number) for number in range(100, 106)])
NICHE = Outcome([post(900, "other"), post(100)])
COMMENTS = Outcome([comment(1), comment(2)])


@pytest.fixture
def read(connected, report, memory):
    """One try of the job."""

    async def try_once(url=LINK, services=connected):
        return await collect(url, services, report, memory)

    return try_once


async def outcome_of(call):
    with pytest.raises((Snooze, Reject, Retry)) as caught:
        await call
    return caught.value.args


def ref(number):
    return pseudonym(b"test", "video", str(number))


async def test_a_video_comes_with_its_creators_posts_its_niche_and_comments(apify, read):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    found = await read()
    roles = {video.ref: video.role for video in found.videos}
    expected = {ref(number): "creator" for number in range(101, 106)}
    assert roles == expected | {ref(100): "subject", ref(900): "niche"}
    assert [each.text for each in found.comments] == ["nice", "nice"]
    assert (found.source_kind, found.partial) == ("tiktok_video", False)
    assert found.caveats == ("At most 200 comments were read.",)


async def test_every_run_has_a_cap_on_items_money_and_time(apify, read):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    await read()
    assert [run.options for run in apify.started] == [
        {"maxItems": items, "maxTotalChargeUsd": "0.50", "timeout": "300"}
        for items in ("21", "200", "40")
    ]


async def test_the_runs_ask_for_what_the_link_names(apify, read):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    await read()
    posts, comments, niche = (run.run_input for run in apify.started)
    assert (posts["postURLs"], posts["profiles"]) == ([LINK], ["mug_lover"])
    assert comments == {"postURLs": [LINK], "commentsPerPost": 200, "maxRepliesPerComment": 0}
    assert (niche["hashtags"], niche["shouldDownloadVideos"]) == (["mugs"], False)


async def test_runs_keep_their_data_until_the_job_has_ended_so_that_no_try_pays_again(apify, read):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    assert await read() == await read()
    assert (len(apify.started), apify.deleted) == (3, [])


async def test_the_job_parks_while_runs_go_on_and_pays_for_each_once(apify, read):
    apify.will(VIDEOS_ACTOR, replace(POSTS, looks_until_finished=1), NICHE)
    apify.will(COMMENTS_ACTOR, replace(COMMENTS, looks_until_finished=1))
    assert await outcome_of(read()) == ("collecting_videos", 10.0)
    assert await outcome_of(read()) == ("collecting_comments", 10.0)
    assert len((await read()).comments) == 2
    assert [run.actor for run in apify.started] == [VIDEOS_ACTOR, COMMENTS_ACTOR, VIDEOS_ACTOR]


async def test_what_is_remembered_between_tries_holds_nothing_raw(apify, read, memory):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    await read()
    names = ("posts", "comments", "niche")
    asked = {f"{name}_1_asked": "2026-11-22T12:00:00+00:00" for name in names}
    runs = {f"{name}_1_run": f"run{number}" for number, name in enumerate(names, start=1)}
    assert memory.kept == asked | runs


async def test_a_start_whose_answer_was_lost_is_not_paid_for_again(apify, read):
    apify.will(VIDEOS_ACTOR, replace(POSTS, answer_is_lost=True), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    assert (await outcome_of(read()))[0] == "source_unavailable"
    assert len((await read()).videos) == 7
    assert [run.actor for run in apify.started] == [VIDEOS_ACTOR, COMMENTS_ACTOR, VIDEOS_ACTOR]


async def test_another_jobs_run_is_not_taken_for_ours(apify, read, memory):
    apify.will(VIDEOS_ACTOR, NICHE, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    apify.start(VIDEOS_ACTOR, {"profiles": ["somebody_else"]}, {})
    memory.kept["posts_1_asked"] = "2026-11-22T12:00:00+00:00"  # a worker died right after this
    await read()
    assert memory.kept["posts_1_run"] == "run2"


@pytest.mark.parametrize("status", ["FAILED", "TIMED-OUT", "ABORTED"])
async def test_a_failed_run_that_left_nothing_is_paid_for_once_more(apify, read, status):
    apify.will(VIDEOS_ACTOR, Outcome(status=status), POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    assert (await read()).partial is False


async def test_after_two_failed_runs_the_user_is_told(apify, read):
    apify.will(VIDEOS_ACTOR, Outcome(status="FAILED"), Outcome(status="FAILED"))
    assert await outcome_of(read()) == (
        "source_failed",
        "TikTok could not be read right now. Please try again later.",
    )
    assert len(apify.started) == 2


async def test_what_a_timed_out_run_left_is_used_and_called_partial(apify, read):
    apify.will(VIDEOS_ACTOR, replace(POSTS, status="TIMED-OUT"), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    found = await read()
    assert (len(found.videos), found.partial) == (7, True)
    assert "TikTok gave only a part of what was asked for." in found.caveats


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([], "nothing_found"),
        ([ERROR_ROW], "post_unavailable"),
        ([ERROR_ROW, post(101)], "post_unavailable"),
        ([post(101)], "nothing_found"),
    ],
)
async def test_a_link_without_its_post_is_rejected(apify, read, items, code):
    apify.will(VIDEOS_ACTOR, Outcome(items))
    assert (await outcome_of(read()))[0] == code


async def test_a_video_without_comments_and_niche_says_so(apify, read):
    apify.will(VIDEOS_ACTOR, Outcome([post(100) | {"text": "mug", "commentCount": 0}]))
    found = await read()
    assert found.caveats == (
        "TikTok gave no comments.",
        "TikTok gave no earlier posts of this creator, so there is no baseline.",
    )


async def test_a_profile_brings_its_posts_and_the_comments_under_the_most_discussed(apify, read):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    found = await read("https://www.tiktok.com/@mug_lover?lang=en")
    _posts, comments, _niche = (run.run_input for run in apify.started)
    assert [url[-3:] for url in comments["postURLs"]] == ["105", "104", "103"]
    assert found.source_kind == "tiktok_profile"
    assert {video.role for video in found.videos} == {"creator", "niche"}


async def test_a_short_link_means_the_post_it_leads_to(apify, read):
    apify.will(VIDEOS_ACTOR, Outcome([post(100)]), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    found = await read("https://vm.tiktok.com/ZMabc/")
    assert {video.ref: video.role for video in found.videos} == {
        ref(100): "subject",
        ref(900): "niche",
    }


@pytest.fixture
async def with_oembed(connected, website):
    async with open_tiktok_web(website.origin) as client:
        yield replace(connected, tiktok_web=client)


SHORT = "https://vm.tiktok.com/ZMabc/"
OEMBED = "/oembed?url=https%3A%2F%2Fvm.tiktok.com%2FZMabc%2F"


async def test_oembed_tells_whose_post_a_short_link_means(apify, read, website, with_oembed):
    cite = f'<blockquote cite="{LINK}" data-video-id="100">'
    website.page(OEMBED, json.dumps({"title": "mug", "html": cite}))
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    found = await read(SHORT, with_oembed)
    asked = apify.started[0].run_input
    assert (asked["postURLs"], asked["profiles"]) == ([LINK], ["mug_lover"])
    assert (found.subject_url, len(found.videos)) == (SHORT, 7)


@pytest.mark.parametrize("answer", ["404 Not Found {}", "200 OK <html>", "200 OK {}"])
async def test_without_oembeds_help_the_short_link_is_read_all_the_same(
    apify, read, website, with_oembed, answer
):
    status, body = answer.rsplit(" ", 1)
    website.page(OEMBED, body, status=status)
    apify.will(VIDEOS_ACTOR, Outcome([post(100)]), NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    assert len((await read(SHORT, with_oembed)).videos) == 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ((401, "user-or-token-not-found"), (Reject, "source_refused")),
        ((402, "not-enough-usage-to-run-paid-actor"), (Reject, "source_over_budget")),
        ((403, "actor-is-not-rented"), (Reject, "source_over_budget")),
        ((403, "insufficient-permissions"), (Reject, "source_refused")),
        ((402, "actor-memory-limit-exceeded"), (Snooze, "waiting_for_source")),
        ((429, "rate-limit-exceeded"), (Snooze, "waiting_for_source")),
        ((500, "internal-server-error"), (Retry, "source_unavailable")),
    ],
)
async def test_refusals_of_apify_become_outcomes(apify, read, error, expected):
    apify.will(VIDEOS_ACTOR, Outcome(error=error))
    with pytest.raises((Snooze, Reject, Retry)) as caught:
        await read()
    assert (type(caught.value), caught.value.args[0]) == expected


async def test_a_run_that_never_ends_is_given_up(apify, read, connected):
    apify.will(VIDEOS_ACTOR, replace(POSTS, looks_until_finished=99))
    await outcome_of(read())
    later = connected.now() + timedelta(minutes=31)
    late = replace(connected, now=lambda: later)
    assert (await outcome_of(read(services=late)))[0] == "source_too_slow"


async def test_no_secret_and_no_url_of_a_person_is_logged(apify, read, capsys):
    apify.will(VIDEOS_ACTOR, POSTS, NICHE)
    apify.will(COMMENTS_ACTOR, COMMENTS)
    await read()
    seen = "".join(capsys.readouterr())
    assert "apify_run_started" in seen
    assert fake_apify.TOKEN not in seen
    assert "mug_lover" not in seen
