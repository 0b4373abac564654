"""The kind of opening of a caption."""

from __future__ import annotations

import pytest

from workers.insights.virality.hooks import NAMES, RETENTION, hook, hook_type


@pytest.mark.parametrize(
    ("caption", "kind"),
    [
        ("POV: you open the fridge", "pov"),
        ("Stop buying iced coffee", "warning"),
        ("Glass vs steel", "comparison"),
        ("3 things I would buy again", "listicle"),
        ("My skin after 30 days", "result_first"),
        ("tiktok made me buy it", "social_proof"),
        ("Unpopular opinion: tea wins", "contrarian"),
        ("wait for it", "curiosity_gap"),
        ("tired of bitter coffee", "problem"),
        ("how to clean a grinder", "demo"),
        ("my mom found my desk", "story"),
        ("Is it worth it?", "question"),
        ("Monday #fyp #howto", "none"),
        ("", "none"),
    ],
)
def test_each_kind_of_opening_is_recognised(caption, kind):
    assert hook_type(caption) == kind


def test_a_hook_says_that_it_is_a_guess_from_the_caption():
    assert hook("how to clean a grinder").model_dump() == {
        "type": "demo",
        "paraphrase": "The caption shows how it is done.",
        "basis": "caption",
    }


def test_without_a_video_there_is_no_hook():
    assert hook(None).basis == "none"


@pytest.mark.parametrize(
    ("caption", "kind"),
    [
        ("She never listens", "none"),
        ("the worst shot in basketball history", "none"),
        ("He picked the wrong hand", "none"),
        ("What a great day", "none"),
        ("Happy birthday viral", "none"),
        ("When you open the fridge", "story"),
        ("Don\u2019t buy this lamp", "warning"),
        ("You\u2019ve been using it wrong", "contrarian"),
        ("Does it fit", "question"),
    ],
)
def test_a_word_that_only_occurs_makes_no_hook(caption, kind):
    assert hook_type(caption) == kind


def test_openings_are_ranked_by_how_long_posts_like_them_were_watched():
    means = [item.mean for item in RETENTION]
    assert means == sorted(means, reverse=True)
    assert {item.hook for item in RETENTION} <= set(NAMES)
    assert RETENTION[-1].hook == "none"
    assert all(item.ci95[0] < item.mean < item.ci95[1] for item in RETENTION)


def test_kinds_that_share_their_numbers_name_each_other():
    by_hook = {item.hook: item for item in RETENTION}
    for item in RETENTION:
        for other in item.pooled_with:
            assert (by_hook[other].mean, by_hook[other].n) == (item.mean, item.n)
            assert item.hook in by_hook[other].pooled_with


def test_of_a_kind_that_no_post_had_nothing_is_said():
    assert "listicle" not in {item.hook for item in RETENTION}
