"""How far a post stands out from what its creator usually gets."""

from __future__ import annotations

import pytest

from tests.insights.samples import NOW, make_posts, make_video
from workers.insights.virality.score import maturity, outliers


def test_a_post_is_measured_against_the_median_of_its_creators_earlier_posts():
    posts = make_posts("ana", [1000, 2000, 4000, 1000, 2000, 100_000])
    subject = make_video("ana", days_old=50, views=20_000)
    found = outliers([*posts, subject], NOW)[subject.ref]
    assert (found.baseline.basis, found.baseline.n) == ("creator_median", 6)
    assert found.ratio == pytest.approx(10, rel=0.02)
    assert found.low < found.ratio < found.high


def test_posts_published_later_are_not_its_past():
    posts = make_posts("ana", [1000] * 6)
    later = [make_video("ana", days_old=5, views=50_000) for _ in range(6)]
    subject = make_video("ana", days_old=30, views=1000)
    assert outliers([*posts, *later, subject], NOW)[subject.ref].baseline.n == 6


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


def test_with_too_few_own_posts_other_creators_are_the_baseline():
    others = [make_video(f"other{n}", views=1000 * n) for n in range(1, 12)]
    subject = make_video("ana", role="subject", views=6000)
    found = outliers([*others, subject], NOW)[subject.ref]
    assert (found.baseline.basis, found.baseline.n) == ("category", 11)
    assert found.ratio == pytest.approx(1)


def test_a_busy_creator_does_not_become_the_niche():
    busy = make_posts("busy", [50_000] * 40)
    others = [make_video(f"other{n}", views=1000) for n in range(10)]
    subject = make_video("ana", views=1000)
    assert outliers([*busy, *others, subject], NOW)[subject.ref].baseline.n == 11


def test_posts_without_views_or_date_and_advertisements_are_left_out():
    posts = make_posts("ana", [1000] * 6)
    unusable = [
        make_video("ana", views=None),
        make_video("ana", views=0),
        make_video("ana", created_at=None),
        make_video("ana", is_ad=True, views=10**7),
    ]
    assert set(outliers([*posts, *unusable], NOW)) == {post.ref for post in posts}


def test_without_anything_to_compare_with_there_is_no_outlier():
    assert outliers([make_video("ana"), make_video("ben")], NOW) == {}
