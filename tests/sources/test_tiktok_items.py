"""Items of the TikTok actors as videos and comments."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from workers.insights.evidence import pseudonym
from workers.insights.inputs import Author, Comment, Sound, Video
from workers.sources.tiktok.items import Rows, read_comments, read_videos, video_ref, with_subject

KEY = b"test"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINK = "https://www.tiktok.com/@mug_lover/video/7301"


def item(**overrides):
    return {
        "id": "7301",
        "text": "My new mug #Mugs #coffee",
        "createTime": 1795000000,
        "webVideoUrl": LINK,
        "playCount": 44800,
        "authorMeta": {"name": "mug_lover"},
    } | overrides


def videos(*items):
    return read_videos(items, ref_key=KEY, collected_at=NOW).items


def author(handle):
    return Author(pseudonym(KEY, "author", handle))


def test_a_full_item_becomes_a_video():
    full = item(
        diggCount="3.7K",
        commentCount=68,
        shareCount=50,
        collectCount=12,
        textLanguage="en",
        hashtags=[{"name": "Mugs"}, {"title": "x"}],
        musicMeta={"musicName": "Element", "musicOriginal": False},
        videoMeta={"duration": 15},
        isAd=True,
    )
    assert videos(full) == (
        Video(
            ref=pseudonym(KEY, "video", "7301"),
            author=author("mug_lover"),
            role="niche",
            text="My new mug #Mugs #coffee",
            created_at=datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC),
            collected_at=NOW,
            views=44800,
            likes=3700,
            comments=68,
            shares=50,
            saves=12,
            duration_seconds=15.0,
            hashtags=("mugs",),
            sound=Sound("Element", is_original=False),
            url="https://www.tiktok.com/player/v1/7301",
            language="en",
            is_ad=True,
        ),
    )


def test_a_bare_item_keeps_what_it_has():
    assert videos({"webVideoUrl": LINK}) == (
        Video(
            ref=pseudonym(KEY, "video", "7301"),
            author=author("mug_lover"),
            role="niche",
            collected_at=NOW,
            url="https://www.tiktok.com/player/v1/7301",
        ),
    )


def test_a_flattened_export_reads_like_the_api():
    flat = item() | {"authorMeta.name": "mug_lover", "musicMeta.musicName": "Element"}
    del flat["authorMeta"]
    assert videos(flat) == videos(item(musicMeta={"musicName": "Element"}))


def test_hashtags_come_from_the_caption_where_the_list_is_missing():
    assert videos(item())[0].hashtags == ("mugs", "coffee")


def test_a_post_has_so_many_hashtags_of_such_a_length():
    listed = [{"name": f"{n}" + "x" * 200} for n in range(100, 140)]
    [video] = videos(item(hashtags=listed))
    assert (len(video.hashtags), {len(tag) for tag in video.hashtags}) == (30, {100})


def test_rows_that_are_no_post_are_counted():
    rows = [
        {"url": LINK, "error": "Post not found or private", "errorCode": "NOT_FOUND"},
        {"note": "No posts found"},
        {"text": "no id, no author"},
        "not an object",
        None,
    ]
    assert read_videos(rows, ref_key=KEY, collected_at=NOW) == Rows((), unreadable=5)


def test_a_video_that_comes_twice_counts_once():
    assert len(videos(item(), item(playCount=1))) == 1


def test_a_post_from_the_future_has_no_known_time():
    assert videos(item(createTime=1900000000))[0].created_at is None


def test_only_the_platform_says_what_is_an_advertisement():
    paid = "My new mug #ad #sponsored, paid partnership"
    assert [video.is_ad for video in videos(item(text=paid), item(id="2", isSponsored=True))] == [
        False,
        True,
    ]


def test_no_handle_and_no_id_of_an_author_gets_through():
    seen = videos(item(authorMeta={"id": "canary-id", "name": "canary", "nickName": "Canary"}))
    assert "canary" not in str([asdict(video) for video in seen]).lower()


def test_the_subject_and_its_creators_other_posts_are_marked():
    all_videos = videos(
        item(id="1"), item(id="2"), item(id="3", authorMeta={"name": "somebody_else"})
    )
    marked = with_subject(all_videos, pseudonym(KEY, "video", "2"))
    assert [video.role for video in marked] == ["creator", "subject", "niche"]


def test_without_the_subject_roles_stay():
    assert with_subject(videos(item()), "unknown") == videos(item())


@pytest.mark.parametrize(
    "url",
    [
        LINK,
        "https://m.tiktok.com/@x/photo/7301?lang=en",
        "tiktok.com/@/video/7301/",
        "https://www.tiktok.com/player/v1/7301",
    ],
)
def test_every_form_of_a_link_names_the_same_video(url):
    assert video_ref(url, KEY) == pseudonym(KEY, "video", "7301")


@pytest.mark.parametrize("url", ["https://www.tiktok.com/@mug_lover", "https://shop.example/1"])
def test_other_links_name_no_video(url):
    assert video_ref(url, KEY) is None


def test_a_comment_keeps_its_words_and_loses_its_writer():
    row = {
        "cid": "c1",
        "text": " love it ",
        "diggCount": "1.2K",
        "replyCommentTotal": None,
        "createTimeISO": "2026-11-20T10:00:00.000Z",
        "uniqueId": "Somebody",
        "videoWebUrl": LINK,
    }
    assert read_comments([row, row, {"error": "x"}], ref_key=KEY) == Rows(
        (
            Comment(
                ref=pseudonym(KEY, "comment", "c1"),
                text="love it",
                author_ref=pseudonym(KEY, "author", "somebody"),
                likes=1200,
                created_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
            ),
        ),
        unreadable=1,
    )


@pytest.mark.data
def test_real_items_of_2020_are_all_read(data):
    rows = json.loads((data / "tiktok_items_2020.json").read_text())
    read = read_videos(rows, ref_key=KEY, collected_at=NOW)
    complete = [video for video in read.items if video.views and video.created_at and video.sound]
    assert (len(read.items), read.unreadable) == (len({row["id"] for row in rows}), 0)
    assert len(complete) / len(read.items) > 0.95
