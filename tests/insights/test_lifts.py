"""Hashtags and sounds: pulled towards one by as much as the sample is small."""

from __future__ import annotations

from tests.insights.samples import NOW, make_posts, make_video
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Sound
from workers.insights.virality.lifts import hashtags, sounds
from workers.insights.virality.score import outliers


def _posts(creators, times_the_usual, **marks):
    """Each creator has ten ordinary posts and two marked ones."""
    return [
        video
        for n in range(creators)
        for video in (
            *make_posts(f"c{n}", [1000] * 10),
            make_video(f"c{n}", days_old=40, views=1000 * times_the_usual, **marks),
            make_video(f"c{n}", days_old=39, views=1000 * times_the_usual, **marks),
        )
    ]


def _tags(videos):
    return hashtags(outliers(videos, NOW), EvidenceLog(b"k"))


def test_a_tag_of_few_creators_is_shown_without_a_promise():
    (tag,) = _tags(_posts(4, 3, hashtags=("coffee",)))
    assert (tag.tag, tag.n, tag.authors, tag.status) == ("coffee", 8, 4, "not_supported")
    assert tag.raw_lift > 2
    assert tag.lift < 1.2
    assert tag.lift_ci[0] < 1 < tag.lift_ci[1]


def test_a_tag_that_lifts_for_many_creators_is_supported():
    (tag,) = _tags(_posts(60, 3, hashtags=("coffee",)))
    assert tag.status == "supported"
    assert 1 < tag.lift_ci[0] < tag.lift < tag.raw_lift


def test_fewer_than_three_creators_say_nothing():
    assert _tags(_posts(2, 3, hashtags=("coffee",))) == ()


def test_tags_that_are_on_everything_are_not_advice():
    assert _tags(_posts(5, 3, hashtags=("fyp", "foryou", "viral"))) == ()


def test_a_tag_that_is_no_tag_is_not_shown():
    assert _tags(_posts(5, 3, hashtags=("visit evil.example", "a" * 60, "x"))) == ()


def test_published_sounds_are_shown_and_creators_own_are_not():
    found = outliers(
        [
            *_posts(5, 3, sound=Sound("Oh No 🎵 @someone https://x.example/y", is_original=False)),
            *_posts(5, 3, sound=Sound("original sound - ana", is_original=None)),
            *_posts(5, 3, sound=Sound("her own", is_original=True)),
        ],
        NOW,
    )
    assert [sound.title for sound in sounds(found, EvidenceLog(b"k"))] == ["Oh No"]
