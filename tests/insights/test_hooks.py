"""The kind of opening of a caption."""

from __future__ import annotations

import pytest

from workers.insights.virality.lifts import hook, hook_type


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
        "heuristic": True,
        "retention_known": False,
    }


def test_without_a_video_there_is_no_hook():
    assert hook(None).basis == "none"
