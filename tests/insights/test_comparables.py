"""Posts that stood out for their creators, and the hashtags they use."""

from __future__ import annotations

from tests.insights.samples import NOW, analysed, contents, make_posts, make_video, with_followers
from workers.insights.evidence import EvidenceLog
from workers.insights.virality.comparables import comparables, tags
from workers.insights.virality.stands_out import outliers


def _stranger(number, followers, views, **fields):
    return with_followers(make_video(f"s{number}", views=views, **fields), followers)


def _shown(*videos, subject=None):
    return comparables(outliers(videos, NOW), subject, EvidenceLog(b"k"))


def test_a_large_account_is_no_comparable_for_being_large():
    """It has 879 times the views of the median stranger, and a sixth of its followers."""
    small = [_stranger(n, 30_000, 5700) for n in range(20)]
    large = _stranger(99, 30_000_000, 5_010_000)
    assert _shown(*small, large) == ()


def test_no_comparable_claims_a_ratio_that_is_just_the_size_of_an_account():
    small = [make_video(f"s{n}", views=5700) for n in range(20)]
    large = make_video("large", views=5_010_000)
    virality = contents(analysed(videos=(*small, large)))[1]
    assert virality["comparables"] == []


def test_a_small_account_with_many_views_is_one():
    ordinary = [_stranger(n, 1_000_000, 170_000) for n in range(20)]
    small = _stranger(99, 20_000, 170_000, text="how to clean a grinder", duration_seconds=21.4)
    (found,) = _shown(*ordinary, small)
    assert (found.basis, found.hook) == ("followers", "demo")
    assert found.ratio_interval[0] > 1
    assert found.ratio >= 2
    assert found.why == (
        f"An estimated {found.ratio:.1f} times ({found.ratio_interval[0]:.1f} to "
        f"{found.ratio_interval[1]:.1f}) what its creator usually gets, as the number of "
        "followers suggests it; the caption shows how it is done, 21 s long."
    )


def test_the_surest_come_first_and_each_creator_once():
    ana = [*make_posts("ana", [1000] * 12), make_video("ana", days_old=20, views=9000)]
    ben = [
        *make_posts("ben", [1000] * 12),
        make_video("ben", days_old=21, views=30_000),
        make_video("ben", days_old=20, views=40_000),
    ]
    found = _shown(*ana, *ben)
    assert [round(item.ratio) for item in found] == [44, 10]
    assert [item.basis for item in found] == ["creator_median", "creator_median"]


def test_the_subject_is_not_comparable_with_itself():
    posts = make_posts("ana", [1000] * 12)
    subject = make_video("ana", days_old=20, views=9000)
    assert _shown(*posts, subject, subject=subject) == ()


def _tagged(creators, *names):
    return [
        video
        for n in range(creators)
        for video in (
            *make_posts(f"c{n}", [1000] * 10, hashtags=("everyday",)),
            make_video(f"c{n}", days_old=40, views=9000, hashtags=names),
            make_video(f"c{n}", days_old=39, views=9000, hashtags=names),
        )
    ]


def _tags(*videos):
    return [tag.model_dump() for tag in tags(outliers(videos, NOW), None)]


def test_hashtags_of_posts_that_stand_out_are_counted_and_nothing_is_claimed():
    assert _tags(*_tagged(4, "coffee")) == [{"tag": "coffee", "posts": 8, "authors": 4}]


def test_a_hashtag_of_two_creators_is_not_shown():
    assert _tags(*_tagged(2, "coffee")) == []


def test_hashtags_that_are_on_everything_are_not_shown():
    assert _tags(*_tagged(5, "fyp", "ForYou", "viral", "ad")) == []


def test_a_hashtag_that_is_no_hashtag_is_not_shown():
    assert _tags(*_tagged(5, "visit evil.example", "a" * 60, "x")) == []
