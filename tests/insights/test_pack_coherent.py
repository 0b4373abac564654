"""A pack neither contradicts itself nor common sense, whatever it is written from."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evaluation.packs import NOW as READ_AT
from tests.evaluation.packs import cases
from tests.insights.coherent import faults, written
from tests.insights.samples import (
    KEY,
    NOW,
    make_collection,
    make_comments,
    make_posts,
    make_video,
    varied,
)
from workers.insights.pack.said import About, Said
from workers.insights.pack.words import LOCALES, words_in

FUNNY = varied("this is so funny I laughed", 20)
# Shots that take longer than a script: their text says that the wait is sped up or cut.
_LONG = re.compile(r"\bminutes?\b|\bhours?\b|let the camera run|from start to end|first use in one")
_SHOTS = re.compile(r"^(?:demos\.|claims\.|topic_shots\.|kind_shots\.)|\.demo$|^viewers\.\w+\.do$")


def _pack(monkeypatch, posts, *, case="tiktok_profile", comments=(), locale="en", **fields):
    collection = make_collection(
        source_kind=case, videos=tuple(posts), comments=make_comments(*comments), **fields
    )
    given = {"product_name": "my profile", "now": NOW, "ref_key": KEY, "locale": locale}
    return written(monkeypatch, collection, **given)


def _tagged(views, tags, *, newest=40.0, **fields):
    """Posts a day apart, the newest last, each with its hashtags."""
    return [
        make_video(
            "ana",
            days_old=newest + len(views) - place,
            views=number,
            role="creator",
            hashtags=tuple(names),
            duration_seconds=15.0,
            **fields,
        )
        for place, (number, names) in enumerate(zip(views, tags, strict=True), start=1)
    ]


def _shared_more(times):
    """Four of fourteen posts stand out, and are shared so many times as often per view."""
    usual = [make_video("ana", days_old=60 - n, role="creator", shares=4) for n in range(10)]
    best = [
        make_video("ana", days_old=45 - n, role="creator", views=9000, shares=36 * times)
        for n in range(4)
    ]
    return [replace(post, duration_seconds=15.0) for post in (*usual, *best)]


def test_what_sets_posts_apart_is_not_called_nothing(monkeypatch):
    pack, said, _ = _pack(monkeypatch, _shared_more(3))
    assert "shares" in said.at("finding")
    told = json.dumps([pack.summary, [each.text for each in pack.compared]])
    assert "Nothing that is measured" not in told
    assert "share nothing" not in told


def test_a_topic_of_most_posts_gets_no_round_two(monkeypatch):
    views = [1000, 3000, 3100, 2900, 1000, 3200, 3000, 1100, 2900, 3300, 1000, 3000, 3100, 2900]
    tags = [["song"] if number > 2000 else ["other"] for number in views]
    pack, said, _ = _pack(monkeypatch, _tagged(views, tags))
    assert "tag:song" in said.at("finding")
    filmed = json.dumps(
        [
            [each.text for each in pack.hooks],
            [(beat.text, beat.on_screen) for each in pack.script_templates for beat in each.beats],
        ]
    )
    assert "#song" in filmed
    assert not re.search(r"round two|Part 2|Part three", filmed)


@pytest.mark.parametrize(("days", "is_due"), [(20, True), (150, False)])
def test_a_feast_has_no_sequel_months_later(monkeypatch, days, is_due):
    """NOW is November 1: Halloween is over since yesterday, and Christmas is near."""
    tag = "christmas" if is_due else "easter"
    views = [1000] * 12 + [9000]
    tags = [["life"]] * 12 + [[tag]]
    pack, said, _ = _pack(monkeypatch, _tagged(views, tags, newest=40.0))
    assert (f"tag:{tag}" in said.at("script")) is is_due
    assert ("best" in [*said.at("script"), *said.at("hook")]) is is_due
    steps = " ".join(step.text for step in pack.next_steps)
    assert (f"#{tag}" in steps and "March 8, 2027" in steps) is not is_due


@pytest.mark.parametrize("locale", LOCALES)
def test_after_half_a_year_of_silence_a_post_comes_first(monkeypatch, locale):
    pack, said, _ = _pack(
        monkeypatch,
        _tagged([1000] * 12 + [9000], [["life"]] * 13, newest=173.0),
        comments=FUNNY,
        locale=locale,
    )
    [days] = re.findall(r"\d+", pack.headline.split(":")[1])[:1] or [""]
    assert days == "173"
    assert said.at("headline")[0] == said.at("script")[0] == said.at("finding")[0]
    assert not [line for line in said.at("finding") if line == "level"]


def test_a_video_is_named_beside_a_product(monkeypatch):
    pack, _, _ = _pack(
        monkeypatch,
        [*make_posts("ana", [1000] * 12), make_video("ana", role="subject", views=9000)],
        case="tiktok_video",
        subject_is_product=True,
    )
    assert "the video of September 2, 2026 has" in pack.headline


@pytest.mark.parametrize("locale", LOCALES)
def test_a_long_shot_is_sped_up(locale):
    texts, words = words_in("en").texts, words_in(locale).texts
    sped_up = re.compile(
        r"sped up|time-?lapse|Zeitraffer|acelerad|accéléré|cámara rápida|before and after",
        re.IGNORECASE,
    )
    long = [
        key
        for key, text in texts.items()
        if _SHOTS.search(key) and isinstance(text, str) and _LONG.search(text)
    ]
    assert len(long) > 2
    assert [key for key in long if not sped_up.search(str(words[key]))] == []


def test_a_share_of_posts_is_counted(monkeypatch):
    posts = make_posts("ana", [1000] * 12, role="niche", shares=40)
    subject = make_video("ana", role="subject", shares=0)
    pack, _, _ = _pack(monkeypatch, [*posts, subject], case="tiktok_video")
    assert "less often per view than 12 of its creator's 12 other posts" in pack.summary


def test_opposite_lines_and_two_numbers_are_found():
    said = Said()
    said.add("finding", About("shares", 1, "1.9"))
    said.add("summary", About("shares", 0, "1.9"), About("best", 1, "2.0"))
    said.add("script", About("best", None, "2.1"))
    assert [each.split(":")[0] for each in said.contradictions()] == ["shares", "best"]


_POSTS = st.lists(
    st.fixed_dictionaries(
        {
            "views": st.sampled_from([300, 900, 1000, 1100, 3000, 9000, 30000]),
            "shares": st.sampled_from([0, 2, 4, 40, 300]),
            "comments": st.sampled_from([0, 5, 50]),
            "duration_seconds": st.sampled_from([5.0, 7.0, 12.0, 15.0, 30.0, 59.0]),
            "hashtags": st.lists(
                st.sampled_from(["dance", "halloween", "newyear2020", "christmas", "song"]),
                max_size=2,
                unique=True,
            ).map(tuple),
            "text": st.sampled_from(["A calm morning", "how to fold it", "why does it?"]),
        }
    ),
    min_size=3,
    max_size=24,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    posts=_POSTS,
    newest=st.sampled_from([1, 40, 173]),
    is_profile=st.booleans(),
    locale=st.sampled_from(LOCALES),
)
def test_no_pack_of_a_creator_contradicts_itself(monkeypatch, posts, newest, is_profile, locale):
    videos = [
        make_video("ana", days_old=newest + 2.0 * place, role="creator", **fields)
        for place, fields in enumerate(posts)
    ]
    if not is_profile:
        videos[0] = replace(videos[0], role="subject")
    case = "tiktok_profile" if is_profile else "tiktok_video"
    assert faults(*_pack(monkeypatch, videos, case=case, locale=locale)) == []


@pytest.mark.data
@pytest.mark.parametrize("offset", [3, 9])
def test_no_pack_of_real_data_contradicts_itself(monkeypatch, data, offset):
    found = {}
    for number, case in enumerate(cases(data, offset)):
        locale = LOCALES[(number + offset) % len(LOCALES)]
        given = {"product_name": case.name, "now": READ_AT, "ref_key": KEY, "locale": locale}
        found[number] = faults(*written(monkeypatch, case.collection, **given))
    assert {number: said for number, said in found.items() if said} == {}
