"""Patterns of a creator's own posts: shown only if they differ beyond chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.insights.samples import KEY, NOW, analysed, contents, make_posts
from workers.insights.evidence import EvidenceLog
from workers.insights.virality import patterns
from workers.insights.virality.stands_out import outliers

AUTHOR = "author-ana"
USUAL = [1000, 1100, 900, 1050, 950, 1020, 980, 1010, 990, 1040, 960, 1000]


def found(posts):
    return patterns.patterns(posts, AUTHOR, outliers(posts, NOW), NOW, EvidenceLog(KEY))


def kinds(posts):
    return [pattern.kind for pattern in found(posts)]


def test_equal_posts_have_no_pattern():
    assert kinds(make_posts("ana", USUAL)) == []


def test_fewer_posts_than_lasting_was_measured_with_have_none():
    posts = make_posts("ana", [1000] * 4 + [9000] * 4)
    assert kinds(posts) == []


@pytest.mark.parametrize(
    ("views", "kind", "ratio"),
    [([1000] * 6 + [4000] * 6, "level_up", 4.0), ([4000] * 6 + [1000] * 6, "level_down", 0.25)],
)
def test_a_turn_of_the_level_is_told(views, kind, ratio):
    [pattern] = found(make_posts("ana", views))
    assert (pattern.kind, pattern.n, pattern.other_n) == (kind, 6, 6)
    assert pattern.ratio == pytest.approx(ratio, rel=0.05)
    assert pattern.lasting.n == 91


def test_short_posts_that_do_better_are_told_with_their_length():
    posts = make_posts("ana", [3000, 1000] * 6)
    posts = [replace(p, duration_seconds=8.0 if p.views == 3000 else 30.0) for p in posts]
    [pattern] = found(posts)
    assert (pattern.kind, pattern.seconds, pattern.n, pattern.other_n) == ("short", 19.0, 6, 6)


def test_long_posts_that_do_better_are_no_pattern():
    posts = make_posts("ana", [3000, 1000] * 6)
    posts = [replace(p, duration_seconds=30.0 if p.views == 3000 else 8.0) for p in posts]
    assert kinds(posts) == []


def test_a_hashtag_that_goes_with_views_is_told_and_a_generic_one_is_not():
    posts = make_posts("ana", [3000, 1000] * 6)
    posts = [replace(p, hashtags=("fyp", "puppy") if p.views == 3000 else ("fyp",)) for p in posts]
    [pattern] = found(posts)
    assert (pattern.kind, pattern.tag, pattern.n) == ("topic", "puppy", 6)


def test_the_hashtag_of_the_best_post_is_to_be_taken_up():
    posts = make_posts("ana", [*USUAL, 9000])
    posts[-1] = replace(posts[-1], hashtags=("hideandseek",))
    [pattern] = [each for each in found(posts) if each.kind == "again"]
    assert (pattern.tag, pattern.n, pattern.other_n) == ("hideandseek", 0, 12)
    assert pattern.ratio > 5


def test_posts_of_others_and_pinned_ones_do_not_count():
    posts = make_posts("ana", USUAL)
    others = make_posts("ben", [9000] * 12)
    pinned = [replace(post, is_pinned=True) for post in make_posts("ana", [90_000] * 6)]
    assert kinds([*posts, *others, *pinned]) == []


def test_a_pack_says_what_lasts_and_how_often():
    posts = make_posts("ana", [3000, 1000] * 6)
    posts = [replace(p, duration_seconds=8.0 if p.views == 3000 else 30.0) for p in posts]
    posts[-1] = replace(posts[-1], role="subject")
    result = analysed(videos=tuple(posts))
    pack = contents(result)[2]
    [finding] = [each for each in pack["findings"] if "19 s" in each["text"]]
    assert "19 s" in finding["do"]
    assert "75 %" in finding["do"]
    assert "This video is longer: 30 s." in finding["text"]
    assert "keep_short" not in [step["kind"] for step in pack["next_steps"]]
    assert patterns.CAVEAT in pack["caveats"]
