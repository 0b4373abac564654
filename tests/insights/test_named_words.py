"""Single words that many people name in comments under a video."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import fmean

import pytest

from tests.insights.samples import (
    KEY,
    NOW,
    analysed,
    make_collection,
    make_comment,
    make_video,
)
from workers.insights.analysis import analyse
from workers.insights.inputs import ProductFacts
from workers.insights.pack.words import LOCALES, words_in
from workers.insights.sentiment import named_words

SHEET = Path(__file__).parents[1] / "evaluation" / "word_precision.csv"
# Twelve people who have nothing in common, so that words of others are a share of them.
OTHERS = (
    "this made my whole evening",
    "greetings from the far north",
    "I come back to it every winter",
    "first time here and staying",
    "you deserve a lot more of this",
    "sending this to everyone I know",
    "came here after a long shift",
    "I was not ready for the ending",
    "my neighbour showed me this one",
    "who else sees this at midnight",
    "that was over far too soon",
    "best thing I have seen all week",
)
CURTAIN = (
    "where did you find the curtain?",
    "the curtain behind you is lovely",
    "I keep looking at that curtain",
    "is the curtain made of wool?",
    "my cat would climb the curtain",
)


def _sentiment(*texts, **fields):
    comments = tuple(make_comment(text) for text in (*texts, *OTHERS))
    [result, *_] = analysed(comments=comments, **fields).results
    return result.content


def _words(*texts, **fields):
    return {word["word"]: word for word in _sentiment(*texts, **fields)["words"]}


def test_a_word_that_many_people_name_is_told_with_its_share():
    content = _sentiment(*CURTAIN)
    [word] = content["words"]
    assert (word["word"], word["n"], word["of"], word["share"]) == ("curtain", 5, 17, 0.294)
    assert word["ci95"][0] < 0.294 < word["ci95"][1]
    assert word["net"] is None  # five comments tell no mood
    [cited] = [item for item in content["evidence"] if item["id"] in word["evidence_ids"]]
    assert (cited["paraphrase"], cited["n"]) == ("5 of 17 people name “curtain”.", 5)


def test_one_person_cannot_plant_a_word():
    planted = [
        make_comment(f"look at the curtain, part {n} of the tale", author_ref="one")
        for n in ("first", "second", "third", "fourth", "fifth")
    ]
    comments = (*planted, *(make_comment(text) for text in OTHERS))
    [result, *_] = analysed(comments=comments).results
    assert result.content["words"] == []


def test_inflections_and_translations_are_one_word():
    words = _words(
        *CURTAIN, "all these curtains are new, right?", "the curtains move by themselves"
    )
    assert [(word["word"], word["n"]) for word in words.values()] == [("curtain", 7)]


@pytest.mark.parametrize(
    "word",
    ["video", "song2", "quokkabanjo", "curtain.example", "@curtain", "cancer", "idiot", "church"],
)
def test_what_is_generic_private_rude_or_no_word_is_not_told(word):
    texts = [text.replace("curtain", word) for text in CURTAIN]
    assert _words(*texts) == {}


@pytest.mark.parametrize("name", ["Michael", "michael", "Fatima", "sergio"])
def test_the_name_of_a_person_is_not_told(name):
    texts = [
        f"where is the {name} from last year?",
        f"I like the {name} you talk to",
        f"that {name} is so calm here",
        f"tell your {name} to come back",
    ]
    assert name.lower() not in {word.lower() for word in _words(*texts)}


def test_german_nouns_are_no_names_for_their_capital():
    texts = (
        "Wo ist der Vorhang aus dem letzten Jahr?",
        "Ich mag den Vorhang hinter dir sehr",
        "Der Stoff von diesem Vorhang ist so schön",
        "Meine Katze klettert auf den Vorhang und schläft",
    )
    assert [(word["word"], word["n"]) for word in _words(*texts).values()] == [("Vorhang", 4)]


@pytest.mark.parametrize("word", ["Hure", "Scheiße", "Krebs"])
def test_what_is_rude_or_private_is_so_in_other_languages(word):
    texts = (
        f"Wo ist der {word} aus dem letzten Jahr?",
        f"Ich mag den {word} hinter dir sehr",
        f"Der Stoff von diesem {word} ist so schön",
        f"Meine Katze klettert auf den {word} und schläft",
    )
    assert _words(*texts) == {}


def test_half_of_a_term_is_not_told():
    texts = [text.replace("curtain", "curtain rail") for text in CURTAIN]
    assert "curtain" not in _words(*texts)


def test_what_a_theme_tells_already_is_not_told_again():
    praise = (
        "I love this song",
        "the song is perfect here",
        "this song is so good",
        "what is the song called?",
        "love the song so much",
    )
    content = _sentiment(*praise)
    assert [theme["kind"] for theme in content["viewers"]] == ["song"]
    assert content["words"] == []


def test_comments_about_a_product_have_topics_instead():
    page = ProductFacts(name="Lamp", rating=4.4, review_count=9)
    assert _words(*CURTAIN, product=page, subject_is_product=True) == {}


def _pack(*texts, caption="A calm morning", locale="en"):
    collection = make_collection(
        comments=tuple(make_comment(text) for text in (*texts, *OTHERS)),
        videos=(make_video(role="subject", text=caption),),
    )
    found = analyse(collection, product_name="Room", now=NOW, ref_key=KEY, locale=locale)
    return found.pack.configuration


def test_a_pack_says_what_comments_name_and_what_to_do():
    pack = _pack(*CURTAIN)
    assert pack["case"] == "own_video"
    [told] = [each for each in pack["findings"] if "curtain" in each["text"]]
    assert told["text"] == (
        "5 of 17 people bring up “curtain” in the comments (between 13 % and 53 %)."
    )
    assert told["do"] == "Answer it in your first line: say “curtain” in the hook."
    assert pack["summary"].count("curtain") == 0


def test_a_pack_leaves_out_what_the_caption_says():
    assert "curtain" not in json.dumps(_pack(*CURTAIN, caption="My new #curtains"))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_kind_of_word_has_its_answer_in_every_language(locale):
    words = words_in(locale)
    assert all(words.knows(f"named.{kind}") for kind in ("song", "recipe", "other"))
    assert "curtain" in json.dumps(_pack(*CURTAIN, locale=locale))


def test_the_precision_is_that_of_the_sheet():
    with SHEET.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) >= 50
    assert round(fmean(int(row["right"]) for row in rows), 3) == named_words.PRECISION
    assert named_words.PRECISION >= 0.8
