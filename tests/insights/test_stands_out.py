"""How far a post stands out from what its creator usually gets, and whether it may still grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.insights.samples import NOW, analysed, contents, make_posts, make_video, with_followers
from workers.insights.evidence import EvidenceLog
from workers.insights.virality.stands_out import (
    maturity,
    outliers,
    percentile,
    stands_out,
    still_growing,
)


def _found(*videos):
    return contents(analysed(videos=videos))[1]["stands_out"]


# The creator's own posts.


def test_a_post_is_measured_against_the_median_of_its_creators_earlier_posts():
    posts = make_posts("ana", [1000, 2000, 4000, 1000, 2000, 100_000])
    subject = make_video("ana", days_old=50, views=20_000)
    found = outliers([*posts, subject], NOW)[subject.ref]
    assert (found.basis, found.n) == ("creator_median", 6)
    assert found.ratio == pytest.approx(10, rel=0.02)
    assert found.low < found.ratio < found.high


def test_posts_published_later_are_not_its_past():
    posts = make_posts("ana", [1000] * 6)
    later = [make_video("ana", days_old=5, views=50_000) for _ in range(6)]
    subject = make_video("ana", days_old=30, views=1000)
    assert outliers([*posts, *later, subject], NOW)[subject.ref].n == 6


def test_a_young_post_is_not_judged_by_views_it_had_no_time_to_get():
    posts = make_posts("ana", [10_000] * 8)
    young = make_video("ana", days_old=1, views=3000)
    found = outliers([*posts, young], NOW)[young.ref]
    assert found.ratio == pytest.approx(0.94, abs=0.02)
    assert found.low < 0.6
    assert found.high > 1.4


def test_half_of_later_views_are_there_after_three_days():
    assert maturity(3) == pytest.approx(0.52, abs=0.01)
    assert maturity(0) < maturity(1) < maturity(30) < 1


def test_posts_without_views_or_date_and_advertisements_are_left_out():
    posts = make_posts("ana", [1000] * 6)
    unusable = [
        make_video("ana", views=None),
        make_video("ana", views=0),
        make_video("ana", created_at=None),
        make_video("ana", is_ad=True, views=10**7),
    ]
    assert set(outliers([*posts, *unusable], NOW)) == {post.ref for post in posts}


# Followers, where the creator's own posts are unknown.


def test_with_too_few_own_posts_the_followers_are_the_baseline():
    posts = [with_followers(make_video("ana", views=17_000), 100_000) for _ in range(3)]
    found = outliers(posts, NOW)[posts[0].ref]
    assert found.basis == "followers"
    assert found.ratio == pytest.approx(1, abs=0.15)
    assert found.low < 0.6
    assert found.high > 1.8


def test_own_posts_count_more_than_followers():
    posts = [with_followers(post, 10_000_000) for post in make_posts("ana", [1000] * 8)]
    assert outliers(posts, NOW)[posts[0].ref].basis == "creator_median"


@pytest.mark.parametrize("followers", [10_000, 1_000_000, 30_000_000])
def test_as_many_views_as_followers_suggest_are_typical_whatever_the_account(followers):
    found = _found(
        with_followers(make_video("ana", views=followers // 6, role="subject"), followers)
    )
    assert (found["band"], found["basis"]) == ("typical", "followers")
    assert found["interval"][0] < 50 < found["interval"][1]


@pytest.mark.parametrize("followers", [0, 50, 4999])
def test_an_account_smaller_than_any_measured_counts_as_the_smallest_measured(followers):
    small, least = (
        with_followers(make_video("ana", views=3000, role="subject"), n) for n in (followers, 5000)
    )
    assert _found(small)["ratio"] == _found(least)["ratio"]


def test_no_ratio_is_claimed_beyond_what_was_measured():
    assert (
        _found(with_followers(make_video("ana", views=10**9, role="subject"), 5000))["ratio"] < 20
    )


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 10**8))
def test_more_views_never_stand_out_less(one, other, followers):
    ratios = [
        outliers([video], NOW)[video.ref].ratio
        for views in sorted((one, other))
        for video in [with_followers(make_video("ana", views=views), followers)]
    ]
    assert ratios[0] <= ratios[1]


# What is said of it.


def test_nothing_is_called_better_than_usual_when_usual_is_strangers():
    """Views among strangers tell the size of the account; saves per like tell something else."""
    others = [make_video(f"c{n}", views=1000 * n, saves=n) for n in range(1, 22)]
    subject = make_video("ana", role="subject", views=40_000, saves=0)
    pack = analysed(videos=(*others, subject)).pack.configuration
    assert "better than usual" not in pack["headline"]
    assert pack["stands_out"]["band"] == "insufficient_data"
    assert pack["stands_out"]["value"] is None


@given(
    st.one_of(st.none(), st.integers(100, 10**8)),
    st.integers(1, 10**8),
    st.lists(st.integers(10, 10**6), max_size=12),
    st.floats(0.1, 90),
)
def test_the_band_never_says_more_than_the_interval(followers, views, own, age):
    subject = with_followers(make_video("ana", views=views, days_old=age), followers)
    found = outliers([*make_posts("ana", own), subject], NOW).get(subject.ref)
    said = stands_out(subject, found, EvidenceLog(b"k"))
    if said.interval is None:
        assert (said.band, said.value, said.basis) == ("insufficient_data", None, "none")
        return
    low, high = said.interval
    assert low <= said.value <= high
    if said.band in ("above", "breakout"):
        assert low >= 50
        assert said.ratio_interval[0] >= 1
    elif said.band == "below":
        assert high <= 50
    else:
        assert low <= 50 <= high


@given(st.floats(0.001, 1000), st.floats(0.001, 1000))
def test_a_higher_ratio_never_has_a_lower_percentile(one, other):
    low, high = sorted((one, other))
    assert 1 <= percentile(low) <= percentile(high) <= 99


@pytest.mark.parametrize(
    ("ratio", "expected"), [(1, 50), (1.7, 75), (6.3, 95), (0.01, 1), (500, 99)]
)
def test_known_ratios_have_their_percentile(ratio, expected):
    assert percentile(ratio) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("views", "band"), [(20_000, "breakout"), (2500, "above"), (1000, "typical"), (300, "below")]
)
def test_the_band_follows_the_interval_around_the_creators_median(views, band):
    posts = make_posts("ana", [900, 1000, 1100] * 5)
    assert _found(*posts, make_video("ana", role="subject", views=views))["band"] == band


def test_it_names_its_basis_its_ratio_and_its_intervals():
    posts = make_posts("ana", [900, 1000, 1100] * 5)
    found = _found(*posts, make_video("ana", role="subject", views=1700))
    assert found == {
        "value": 75,
        "band": "above",
        "ratio": 1.71,
        "ratio_interval": [1.38, 2.12],
        "interval": [65, 80],
        "basis": "creator_median",
        "basis_text": "the median of 15 other posts of its creator, at equal age",
        "n": 15,
        "method": "outlier-age-v1",
        "evidence_ids": ["e1"],
    }


def test_an_estimate_from_followers_says_so_everywhere():
    subject = with_followers(make_video("ana", views=200_000, role="subject"), 20_000)
    virality, pack = contents(analysed(videos=(subject,)))[1:]
    assert virality["stands_out"]["basis_text"] == (
        "what its creator usually gets, as the number of followers suggests it"
    )
    assert "by an estimate from the number of followers" in pack["summary"]
    assert [item["text"] for item in virality["counter_evidence"]] == [
        "Estimated from the number of followers: too few other posts of its creator are known."
    ]
    assert virality["confidence"]["level"] != "high"
    assert "estimated from followers" in virality["confidence"]["reasons"][0]


@pytest.mark.parametrize(
    ("videos", "reason"),
    [
        ((), "there is no video to look at"),
        (
            (make_video("ana", role="subject", is_ad=True),),
            "the video is an advertisement, and its views are bought",
        ),
        (
            (make_video("ana", role="subject", views=0),),
            "the source gives no views or no date of the video",
        ),
        (
            (make_video("ana", role="subject"),),
            "neither enough other posts of its creator nor the creator's followers are known",
        ),
    ],
)
def test_what_is_not_known_is_null_with_its_reason(videos, reason):
    virality, pack = contents(analysed(videos=videos))[1:]
    found = virality["stands_out"]
    assert (found["value"], found["ratio"], found["band"]) == (None, None, "insufficient_data")
    assert found["basis_text"] == reason
    assert f"How far the video stands out is not known: {reason}." in pack["summary"]
    assert virality["confidence"]["level"] == "insufficient_data"


def test_confidence_is_high_only_with_ten_own_posts_and_a_sure_place():
    subject = make_video("ana", role="subject", views=9000)
    levels = [
        contents(analysed(videos=(*make_posts("ana", [1000] * posts), subject)))[1]["confidence"]
        for posts in (6, 15)
    ]
    assert [confidence["level"] for confidence in levels] == ["medium", "high"]
    assert levels[0]["reasons"][1] == "the median rests on 6 posts"


def test_of_a_profile_the_newest_post_is_looked_at():
    posts = make_posts("ana", [1000] * 9, role="creator")
    newest = make_video("ana", role="creator", days_old=3, views=5000)
    assert _found(*posts, newest)["value"] > 80


# Still growing.


def _growing(subject, *others):
    return still_growing(subject, others, EvidenceLog(b"k"))


def _stranger(number, saves):
    return make_video(f"s{number}", likes=100, saves=saves)


def test_saves_per_like_are_placed_among_other_creators():
    subject = make_video("ana", likes=100, saves=75)
    found = _growing(subject, *(_stranger(n, n) for n in range(100)))
    assert (found.status, found.percentile, found.n) == ("shown", 75.5, 100)
    assert found.interval[0] < 75.5 < found.interval[1]


def test_a_place_among_few_is_less_sure():
    subject = make_video("ana", likes=100, saves=50)
    few, many = (
        _growing(subject, *(_stranger(n, n * 100 // size) for n in range(size)))
        for size in (10, 100)
    )
    widths = [found.interval[1] - found.interval[0] for found in (few, many)]
    assert widths[0] > 2 * widths[1]


def test_own_posts_and_a_busy_creator_are_not_the_strangers():
    subject = make_video("ana", likes=100, saves=50)
    own = [make_video("ana", likes=100, saves=1) for _ in range(20)]
    busy = [make_video("busy", likes=100, saves=1) for _ in range(20)]
    found = _growing(subject, *own, *busy, *(_stranger(n, 1) for n in range(8)))
    assert found.n == 9


@pytest.mark.parametrize(
    ("subject", "strangers", "reason"),
    [
        (None, 20, "There is no video to look at."),
        (make_video("ana", saves=None), 20, "The source gives no saves or no likes of the video."),
        (
            make_video("ana", saves=5),
            7,
            "This number needs posts of 8 other creators with saves and likes; 7 are known.",
        ),
    ],
)
def test_what_is_not_shown_has_its_reason(subject, strangers, reason):
    found = _growing(subject, *(_stranger(n, n) for n in range(strangers)))
    assert (found.status, found.percentile, found.reason) == ("not_shown", None, reason)


def test_it_is_called_a_tendency_and_no_prediction():
    subject = make_video("ana", role="subject", likes=100, saves=75)
    documents = str(contents(analysed(videos=(subject, *(_stranger(n, n) for n in range(20))))))
    assert "tended to grow" in documents
    assert not [word for word in ("predict", "will go viral", "forecast") if word in documents]
