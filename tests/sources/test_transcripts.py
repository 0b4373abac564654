"""What is said in videos, on a fake Apify: what is asked for, read, left out, and never kept."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from local import postgres
from tests.database import make_product, make_user
from tests.fakes.apify import Outcome
from tests.patience import PATIENCE_SECONDS
from tests.running import until, worker
from workers.engine.isolation import open_isolation
from workers.jobs import analyze_product
from workers.sources.routing import collect
from workers.sources.tiktok.posts import VIDEOS_ACTOR
from workers.sources.tiktok.transcripts import MAX_TRANSCRIPTS, TranscriptLink, transcript_link
from workers.sources.tiktok.webvtt import MAX_BYTES
from workers.sources.web.fetch import open_fetcher

LINK = "https://www.tiktok.com/@mug_lover/video/100"
CANARY = "quokkabanjo"
SPOKEN = {
    "eng-US": "Stop buying bad mugs",
    "spa-ES": "Deja de comprar tazas malas",
    "deu-DE": "Kauf keine schlechten Becher",
    "jpn-JP": "このカップを見てください",
}


def vtt(words):
    return (
        f"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{words} {CANARY}\n\n"
        "00:00:09.000 --> 00:00:10.000\nlink in bio\n"
    )


def post(number, handle="mug_lover", **meta):
    return {
        "id": str(number),
        "text": f"mug {number} #mugs",
        "createTimeISO": "2026-11-20T10:00:00.000Z",
        "webVideoUrl": f"https://www.tiktok.com/@{handle}/video/{number}",
        "playCount": number * 10,
        "commentCount": 0,
        "authorMeta": {"name": handle},
        "videoMeta": meta,
    }


def subtitles(link, language="eng-US", source="ASR"):
    return {"language": language, "downloadLink": link, "source": source, "version": "1"}


@pytest.fixture
async def reading(apify, website, connected):
    """Services that read transcripts from the fake."""
    allowed = tuple(url.removeprefix("http://") for url in (apify.url, website.origin))
    async with (
        open_fetcher(allowed=allowed) as fetcher,
        open_isolation(processes=2, cpu_seconds=5, memory_bytes=512 * 1024**2) as compute,
    ):
        yield replace(connected, transcripts="subtitles", fetcher=fetcher, compute=compute)


@pytest.fixture
def read(reading, report, memory):
    async def once(services=reading, *, has_transcripts=True):
        return await collect(LINK, services, report, memory, has_transcripts=has_transcripts)

    return once


def subject(found):
    return next(video for video in found.videos if video.role == "subject")


NEVER, DOWNLOAD = "NEVER_DOWNLOAD_SUBTITLES", "DOWNLOAD_SUBTITLES"
TRANSCRIBE = "DOWNLOAD_AND_TRANSCRIBE_VIDEOS_WITHOUT_SUBTITLES"


@pytest.mark.parametrize(
    ("setting", "has_transcripts", "asked_for"),
    [
        ("off", True, [NEVER, NEVER]),
        ("subtitles", False, [NEVER, NEVER]),
        ("subtitles", True, [DOWNLOAD, DOWNLOAD]),
        ("transcribe", True, [TRANSCRIBE, DOWNLOAD]),
    ],
)
async def test_the_setting_and_the_plan_decide(
    apify, read, reading, *, setting, has_transcripts, asked_for
):
    link = apify.file("a.vtt", vtt("hello"))
    apify.will(VIDEOS_ACTOR, Outcome([post(100, subtitleLinks=[subtitles(link)])]), Outcome([]))
    services = replace(reading, transcripts=setting)
    found = await read(services, has_transcripts=has_transcripts)
    asked = [run.run_input for run in apify.started if run.actor == VIDEOS_ACTOR]
    assert [each["downloadSubtitlesOptions"] for each in asked] == asked_for
    assert all("shouldDownloadSubtitles" not in each for each in asked)
    assert (subject(found).transcript is not None) is (asked_for[0] != NEVER)


@pytest.mark.parametrize(
    ("language", "code"), list(zip(SPOKEN, ("en", "es", "de", "ja"), strict=True))
)
async def test_subtitles_of_any_language_are_read(apify, read, language, code):
    link = apify.file("a.vtt", vtt(SPOKEN[language]))
    translated = apify.file("b.vtt", vtt("a translation"))
    links = [subtitles(translated, "fra-FR", "MT"), subtitles(link, language)]
    apify.will(VIDEOS_ACTOR, Outcome([post(100, subtitleLinks=links)]), Outcome([]))
    transcript = subject(await read()).transcript
    assert (transcript.language, transcript.basis) == (code, "subtitles")
    assert transcript.cues[0].text == f"{SPOKEN[language]} {CANARY}"


async def test_a_transcription_is_read_where_there_are_no_subtitles(apify, read):
    link = apify.file("t.vtt", vtt("hello"), kind="application/octet-stream")
    apify.will(VIDEOS_ACTOR, Outcome([post(100, transcriptionLink=link)]), Outcome([]))
    assert subject(await read()).transcript.basis == "transcription"


BROKEN = {
    "missing": {"status": 404, "content": b"{}"},
    "down": {"status": 500, "content": b""},
    "no WebVTT": {"content": b"<html>log in</html>"},
    "broken": {"content": b"WEBVTT\n\n00:00:0x.000 --> \xff\n\xf0\x9f"},
    "empty": {"content": b""},
    "huge": {"content": b"WEBVTT\n\n" + b"x" * (MAX_BYTES + 1)},
}


@pytest.mark.parametrize("what", BROKEN)
async def test_a_file_that_cannot_be_read_costs_its_transcript_alone(apify, read, what):
    link = apify.file("a.vtt", **BROKEN[what])
    good = apify.file("b.vtt", vtt("good"))
    rows = [
        post(100, subtitleLinks=[subtitles(link)]),
        post(101, subtitleLinks=[subtitles(good)]),
    ]
    apify.will(VIDEOS_ACTOR, Outcome(rows), Outcome([]))
    found = await read()
    assert [video.transcript is not None for video in found.videos] == [False, True]


async def test_tiktoks_own_link_serves_where_the_stored_file_is_gone(apify, read, website):
    gone = apify.file("a.vtt", b"{}", status=404)
    kept = website.page("/caption", vtt("kept"), content_type="video/mp4")
    links = [{**subtitles(gone), "tiktokLink": kept}]
    apify.will(VIDEOS_ACTOR, Outcome([post(100, subtitleLinks=links)]), Outcome([]))
    assert subject(await read()).transcript is not None


async def test_a_link_into_our_own_network_is_not_followed(apify, read, reading):
    apify.will(
        VIDEOS_ACTOR,
        Outcome([post(100, subtitleLinks=[subtitles("http://169.254.169.254/latest")])]),
        Outcome([]),
    )
    assert subject(await read()).transcript is None


async def test_an_analysis_reads_so_many_videos(apify, read):
    links = [subtitles(apify.file("a.vtt", vtt("hello")))]
    own = [post(number, subtitleLinks=links) for number in range(100, 120)]
    niche = [post(number, f"other{number}", subtitleLinks=links) for number in range(300, 330)]
    apify.will(VIDEOS_ACTOR, Outcome(own), Outcome(niche))
    found = await read()
    with_words = [video for video in found.videos if video.transcript]
    assert len(with_words) == MAX_TRANSCRIPTS
    assert {video.role for video in with_words} == {"subject", "creator", "niche"}


@pytest.mark.parametrize(
    ("meta", "link"),
    [
        ({}, None),
        ({"subtitleLinks": "none"}, None),
        ({"subtitleLinks": [None, 7, {}, {"downloadLink": ""}]}, None),
        (
            {"subtitleLinks": [{"tiktokLink": "https://x.example/1"}]},
            TranscriptLink(("https://x.example/1",), None, "subtitles"),
        ),
        (
            {"transcriptionLink": "https://x.example/2"},
            TranscriptLink(("https://x.example/2",), "pt", "transcription"),
        ),
    ],
)
def test_rows_of_every_shape_give_a_link_or_none(meta, link):
    assert transcript_link({"videoMeta": meta, "textLanguage": "pt"}) == link


async def test_no_word_of_a_video_is_stored_or_logged(db, apify, reading, capsys):
    user = make_user(db)
    db.execute("update public.plans set transcripts = true")
    link = apify.file("a.vtt", vtt("Stop buying bad mugs, look at this mug"))
    rows = [post(number, subtitleLinks=[subtitles(link)]) for number in range(100, 111)]
    apify.will(VIDEOS_ACTOR, Outcome(rows), Outcome([]))
    product = make_product(db, user, source_url=LINK)
    async with worker(db, "analyze_product", analyze_product.handler(reading)):
        await until(db, product, "analyze_product", "succeeded")
    [breakdown] = db.rows(
        "select content from public.analysis_results where type = 'virality_breakdown'"
    )
    assert breakdown["content"]["video"]["call_to_action"] == {"kind": "link", "at_s": 9.0}
    everything = dump(db)
    assert product["source_url"] in everything
    for kept in (everything, "".join(capsys.readouterr())):
        assert CANARY not in kept
        assert "bad mugs" not in kept


def dump(db):
    """The whole database: tables, queues, archives; as the superuser, past RLS."""
    command = [postgres.BIN_DIR / "pg_dump", db.url("supabase_admin")]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    return done.stdout


async def test_a_plan_without_transcripts_asks_for_none(db, apify, reading):
    apify.will(VIDEOS_ACTOR, Outcome([post(100)]), Outcome([]))
    product = make_product(db, make_user(db), source_url=LINK)
    async with worker(db, "analyze_product", analyze_product.handler(reading)):
        await until(db, product, "analyze_product", "succeeded")
    asked = {run.run_input["downloadSubtitlesOptions"] for run in apify.started}
    assert asked == {"NEVER_DOWNLOAD_SUBTITLES"}
