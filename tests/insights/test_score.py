"""The score: how many of a hundred posts do less against the same kind of baseline."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insights.samples import analysed, contents, make_posts, make_video
from workers.insights.virality.score import percentile


def _score(*videos):
    return contents(analysed(videos=videos))[1]["score"]


@given(st.floats(0.001, 1000), st.floats(0.001, 1000))
def test_more_views_never_give_a_lower_score(one, other):
    low, high = sorted((one, other))
    assert 1 <= percentile(low) <= percentile(high) <= 99


@pytest.mark.parametrize(
    ("ratio", "expected"), [(1, 50), (1.7, 75), (6.3, 95), (0.01, 1), (500, 99)]
)
def test_known_ratios_have_their_percentile(ratio, expected):
    assert percentile(ratio) == expected


@pytest.mark.parametrize(
    ("views", "band"), [(20_000, "breakout"), (2500, "above"), (1000, "typical"), (300, "below")]
)
def test_the_band_follows_the_interval_around_the_creators_median(views, band):
    posts = make_posts("ana", [900, 1000, 1100] * 5)
    assert _score(*posts, make_video("ana", role="subject", views=views))["band"] == band


def test_a_score_names_its_basis_and_its_interval():
    posts = make_posts("ana", [900, 1000, 1100] * 5)
    score = _score(*posts, make_video("ana", role="subject", views=1700))
    assert score == {
        "value": 75,
        "band": "above",
        "basis": "creator_median",
        "basis_text": "the median of 15 other posts of its creator, at equal age",
        "n": 15,
        "interval": [65, 80],
        "method": "outlier-age-v1",
        "evidence_ids": ["e1"],
    }


def test_among_other_creators_saves_count_as_much_as_views():
    others = [make_video(f"c{n}", views=1000 * n, saves=n) for n in range(1, 22)]
    few, many = (
        make_video("ana", role="subject", views=11_000, saves=saves) for saves in (0, 1000)
    )
    assert _score(*others, few)["value"] < 50 < _score(*others, many)["value"]
    assert _score(*others, many)["method"] == "category-age-saves-v1"


def test_a_large_account_is_not_called_a_breakout():
    others = [make_video(f"c{n}", views=1000) for n in range(12)]
    assert _score(*others, make_video("ana", role="subject", views=10**7))["band"] == "above"


def test_without_a_baseline_there_is_no_score():
    score = _score(make_video("ana", role="subject"))
    assert (score["value"], score["band"], score["n"]) == (None, "insufficient_data", 0)


def test_of_a_profile_the_newest_post_is_scored():
    posts = make_posts("ana", [1000] * 9, role="creator")
    newest = make_video("ana", role="creator", days_old=3, views=5000)
    assert _score(*posts, newest)["value"] > 80
