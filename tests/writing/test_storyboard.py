"""Scripts of a language model: what they may say, and the times of their beats."""

from __future__ import annotations

import pytest

from workers.writing.grounding import Ground
from workers.writing.quoting import quotables
from workers.writing.storyboard import Storyboard, timed

EVIDENCE = [
    {
        "id": "e1",
        "kind": "comment",
        "paraphrase": "34 of 120 comments ask whether it leaks.",
        "n": 34,
        "label": "question",
    },
    {
        "id": "e2",
        "kind": "product_fact",
        "paraphrase": "The product page states: size, 600 ml.",
        "n": 1,
        "label": "size",
    },
]
FINDINGS = [
    {"id": "f1", "text": "34 of 120 comments ask whether it leaks.", "evidence_ids": ["e1"]}
]
KNOWN = quotables(EVIDENCE, FINDINGS)


def beat(kind, shot, spoken, on_screen="", seconds=4):
    return {
        "kind": kind, "shot": shot, "spoken": spoken, "on_screen": on_screen, "seconds": seconds,
    }  # fmt: skip


HOOK = beat("hook", "The bottle lies on its side on white paper.", "Does it hold?")
DEMO = beat("demo", "Shake it 10 times over the paper.", "10 shakes. No cut.", "No cut")
END = beat("cta", "The bottle in the bag.", "Yours: dry or wet?")


def board(*beats, why="Nobody says. {f1}", title="The shake test", evidence_ids=("e2",), days=()):
    given = {
        "title": title,
        "why": why,
        "evidence_ids": list(evidence_ids),
        "beats": list(beats or (HOOK, DEMO, END)),
    }
    ground = Ground.of({}, EVIDENCE, ["Bottle"], days=days)
    return timed(Storyboard.model_validate(given), ground, KNOWN)


def test_beats_follow_one_another_and_last_as_long_as_their_words():
    long = DEMO | {"spoken": "It stays dry, " * 6, "seconds": 2}
    found = board(HOOK, long, END)
    assert [(each["from_s"], each["to_s"]) for each in found.beats] == [(0, 4), (4, 10), (10, 14)]


def test_the_finding_that_is_named_stands_in_its_own_words_with_its_evidence():
    found = board()
    assert found.why == "Nobody says. 34 of 120 comments ask whether it leaks."
    assert found.evidence_ids == ["e1", "e2"]


@pytest.mark.parametrize(
    "shot",
    [
        "Pour 250 ml over it and wait 10 minutes, cut.",
        "Press it 10 times beside your 2 last videos.",
        "Ask 3 people to try it.",
        "Fill half a cup.",
    ],
)
def test_a_shot_counts_and_measures_freely(shot):
    assert board(HOOK, DEMO | {"shot": shot, "spoken": "Watch."}, END)


@pytest.mark.parametrize(
    "shot",
    [
        "Show that 87 % of buyers love it.",
        "Show the 4.2 times more views.",
        "Show 9 of 10 people nodding.",
        "Hold up a 5 EUR note: 500 EUR saved.",
        "Show www.evil.test on screen.",
        "Hidden \u202e text.",
    ],
)
def test_a_shot_states_no_statistic_and_names_no_contact(shot):
    assert board(HOOK, DEMO | {"shot": shot, "spoken": "Watch."}, END) is None


@pytest.mark.parametrize(
    "spoken",
    [
        "10 shakes. No cut.",
        "1, 2, 3. Now 4.",
        "Two of them.",
        "The sixth one: half full, twice.",
        "Cut in half, as people know.",
    ],
)
def test_a_spoken_line_counts_what_the_shots_show(spoken):
    assert board(HOOK, DEMO | {"spoken": spoken}, END)


@pytest.mark.parametrize(
    "spoken",
    [
        "10 hours of battery.",
        "10 people told me.",
        "3 of 10 leak.",
        "2 years of warranty.",
        "120 shakes.",
        "40 ml less.",
        "10 % off.",
        "4.9 stars.",
        "Twice the views.",
        "Half of the people said so.",
        "A third of my followers.",
    ],
)
def test_a_spoken_line_claims_no_other_number(spoken):
    assert board(HOOK, DEMO | {"spoken": spoken}, END) is None


def test_a_stated_size_may_be_spoken():
    assert board(HOOK, DEMO | {"spoken": "600 ml, upside down."}, END)


@pytest.mark.parametrize(
    "changed",
    [
        {"evidence_ids": []},
        {"evidence_ids": ["e9"]},
        {"title": "87 % of buyers"},
        {"why": "87 % of buyers ask."},
    ],
)
def test_a_script_without_its_evidence_or_with_an_invented_statistic_is_none(changed):
    if changed.get("evidence_ids") == []:
        changed = changed | {"why": "Nobody says."}
    assert board(**changed) is None


@pytest.mark.parametrize(
    "beats",
    [
        (HOOK, END),
        (DEMO, HOOK, END),
        (HOOK | {"spoken": " "}, DEMO, END),
        (HOOK, DEMO | {"shot": "", "spoken": ""}, END),
        (HOOK, DEMO | {"seconds": 600}, END),
        (HOOK | {"seconds": -5}, DEMO, END | {"spoken": "word " * 400}),
    ],
)
def test_a_script_that_nobody_can_film_is_none(beats):
    assert board(*beats) is None


def test_dates_of_posts_may_be_named_and_no_others():
    spoken = DEMO | {"spoken": "Like on November 25, 2020."}
    assert board(HOOK, spoken, END, days=["2020-11-25"])
    assert board(HOOK, spoken, END, days=["2020-11-26"]) is None
