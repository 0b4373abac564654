"""What is said in a video becomes kinds, seconds and counts, and none of its words."""

from __future__ import annotations

import json

import pytest

from tests.insights.samples import KEY, analysed, contents, make_posts, make_video
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Cue, Transcript
from workers.insights.virality.transcript import openings, product_names, structure

CANARY = "quokkabanjo"
TALK = (
    (0.0, 2.0, "Stop buying bad bottles"),
    (2.0, 4.0, "I hate it when they leak"),
    (5.0, 8.0, "look at this Marlow bottle"),
    (8.0, 12.0, "and pour it out slowly"),
    (12.0, 15.0, "we tested it for a month"),
    (20.0, 22.0, "follow me for more, link in bio"),
)


def transcript(talk=TALK, language="en", basis="subtitles"):
    return Transcript(language, basis, tuple(Cue(*cue) for cue in talk))


def read(talk=TALK, names=("bottle", "marlow"), **fields):
    video = make_video(transcript=transcript(talk, **fields))
    return structure(video, names, EvidenceLog(KEY))


def test_a_video_is_read_as_seconds_and_kinds():
    found = read()
    assert (found.language, found.basis, found.spoken_hook) == ("en", "subtitles", "warning")
    assert (found.words_per_second, found.product_first_s) == (2.06, 1.5)
    assert found.call_to_action.model_dump() == {"kind": "link", "at_s": 20.0}
    assert [(beat.kind, beat.from_s, beat.to_s) for beat in found.beats] == [
        ("hook", 0.0, 4.0),
        ("demo", 5.0, 12.0),
        ("proof", 12.0, 15.0),
        ("call_to_action", 20.0, 22.0),
    ]


def test_without_a_transcript_nothing_is_said():
    assert structure(make_video(), ("bottle",), EvidenceLog(KEY)) is None
    assert read(talk=()) is None


def test_the_hook_is_what_is_said_in_the_first_three_seconds():
    late = ((0.0, 2.0, "good morning"), (4.0, 6.0, "stop buying these"))
    assert read(late).spoken_hook == "none"
    half = ((0.0, 30.0, "good morning to you all and here is my day, " * 9 + "stop buying these"),)
    assert read(half).spoken_hook == "none"
    assert read(((7.0, 9.0, "stop buying these"),)).spoken_hook == "warning"


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("here is the bottle", 4.5),
        ("two bottles", 3.0),
        ("a bottleneck", None),
        ("my MARLOW", 3.0),
        ("nothing", None),
    ],
)
def test_the_product_is_named_by_its_kind_or_its_brand(said, at):
    assert read(((0.0, 6.0, said),)).product_first_s == at


@pytest.mark.parametrize(
    ("name", "brand", "names"),
    [
        ("Marlow Cold Brew Bottle", "Marlow", ("bottle", "marlow")),
        ("Mug", None, ("mug",)),
        ("XS 7", "A B", ()),
    ],
)
def test_names_of_a_product(name, brand, names):
    assert product_names(name, brand) == names


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("the link is in my bio", "link"),
        ("holt sie euch jetzt", "buy"),
        ("sígueme para más", "follow"),
        ("dites-le en commentaires", "comment"),
        ("salva esse vídeo", "save"),
        ("condividi con gli amici", "share"),
        ("that is all", None),
    ],
)
def test_calls_to_action_of_several_languages(said, kind):
    call = read(((0.0, 2.0, "hello"), (9.0, 11.0, said))).call_to_action
    assert (call and call.kind) == kind


def test_languages_without_spaces_have_no_pace():
    said = ((0.0, 2.0, "このカップを見てください"),)
    assert read(said, language="ja").words_per_second is None
    assert read(((0.0, 0.4, "hi"),)).words_per_second is None


def test_overlapping_cues_count_their_time_once():
    rolling = ((0.0, 4.0, "one two three four"), (2.0, 4.0, "five six seven eight"))
    assert read(rolling).words_per_second == 2.0


def _opening(said, **fields):
    return make_video(transcript=transcript(said), **fields)


def test_openings_are_counted_over_the_posts_with_a_transcript():
    posts = [
        _opening(((0.0, 2.0, "stop buying these bottles"),)),
        _opening(((0.0, 2.0, "never buy a bottle"),)),
        _opening(((0.0, 2.0, "my day"),)),
        make_video(),
    ]
    found = openings(posts, ("bottle",), EvidenceLog(KEY))
    assert (found.n, found.words_per_second, found.product_first_s) == (3, 2.0, 1.5)
    assert [(each.hook, each.n) for each in found.hooks] == [("warning", 2), ("none", 1)]
    assert openings(posts[:2], ("bottle",), EvidenceLog(KEY)) is None


def test_an_analysis_holds_the_video_and_the_openings_and_none_of_their_words():
    talk = tuple((start, end, f"{said} {CANARY}") for start, end, said in TALK)
    said = transcript(talk)
    niche = [
        post
        for author in "bcdef"
        for post in make_posts(author, [500, 600, 700, 800, 900, 9000], transcript=said)
    ]
    own = make_posts("ana", [900, 1000, 1100, 1200, 1000, 950])
    subject = make_video("ana", role="subject", views=9000, transcript=said)
    documents = contents(analysed(videos=(subject, *own, *niche)))
    virality = documents[1]
    assert virality["video"]["spoken_hook"] == "warning"
    assert virality["openings"]["n"] == 5
    known = {item["id"] for item in virality["evidence"]}
    assert {*virality["video"]["evidence_ids"], *virality["openings"]["evidence_ids"]} <= known
    assert CANARY not in json.dumps(documents)
    assert CANARY not in repr(subject)
