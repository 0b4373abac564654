"""What sets a video apart from its creator's posts, and what a careful reader would object."""

from __future__ import annotations

import pytest

from tests.insights.samples import analysed, contents, make_posts, make_video, with_followers
from workers.insights.evidence import EvidenceLog
from workers.insights.virality.drivers import drivers, metrics


def _virality(*videos):
    return contents(analysed(videos=videos))[1]


def _drivers(subject, videos):
    return [driver.text for driver in drivers(subject, videos, EvidenceLog(b"k"))]


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (90, "Shares per view are higher than in all 10 other posts of its creator"),
        (1, "Shares per view are lower than in all 10 other posts of its creator"),
    ],
)
def test_shares_are_compared_with_the_creators_own_posts(shares, said):
    posts = make_posts("ana", [1000] * 10, shares=20)
    subject = make_video("ana", shares=shares)
    assert _drivers(subject, posts) == [
        f"{said}; within a creator's posts, more shares go with more views."
    ]


def test_a_tie_is_not_all():
    posts = make_posts("ana", [1000] * 199, shares=20)
    subject = make_video("ana", shares=90)
    (text,) = _drivers(subject, [*posts, make_video("ana", shares=90)])
    assert "higher than in 99 % of 200 other posts" in text


def test_among_strangers_shares_say_nothing():
    strangers = [make_video(f"s{n}", shares=1) for n in range(20)]
    assert _drivers(make_video("ana", shares=500), strangers) == []


def test_a_metric_counts_the_posts_that_have_it():
    posts = [*make_posts("ana", [1000] * 9, saves=3), *make_posts("ana", [1000] * 5, saves=None)]
    rows = metrics(make_video("ana", saves=9), None, posts, EvidenceLog(b"k"))
    saves = next(row for row in rows if row.name == "save_rate")
    assert (saves.n, saves.percentile, saves.basis) == (9, 100, "other posts of its creator")


def test_what_a_careful_reader_would_object_is_said():
    ordinary = make_video("ana", role="subject", views=1000)
    found = _virality(*make_posts("ana", [900, 1000, 1100] * 2), ordinary)
    assert [item["text"] for item in found["counter_evidence"]] == [
        "The interval of the ratio includes 1: it may be an ordinary post.",
        "The baseline rests on 6 posts only.",
    ]


def test_against_a_breakout_among_many_own_posts_nothing_is_objected():
    subject = make_video("ana", role="subject", views=20_000)
    assert _virality(*make_posts("ana", [1000] * 15), subject)["counter_evidence"] == []


def test_an_ordinary_post_of_a_large_account_is_objected_to_twice():
    subject = with_followers(make_video("ana", role="subject", views=200_000), 10**6)
    found = _virality(subject)
    assert found["stands_out"]["band"] == "typical"
    assert len(found["counter_evidence"]) == 2
