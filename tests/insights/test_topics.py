"""What reviews speak of: counted by words of a closed list, with the stars that they give."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import fmean

import pytest

from tests.insights.samples import KEY, NOW, analysed, make_collection
from workers.insights.analysis import analyse
from workers.insights.inputs import Comment, ProductFacts
from workers.insights.pack.words import LOCALES, words_in
from workers.insights.sentiment import topics

SHEET = Path(__file__).parents[1] / "evaluation" / "topic_precision.csv"
PAGE = ProductFacts(name="Car seat", rating=4.4, review_count=900)
THIN = [(f"The cushion is thin, number {n}, and it slips", 3.0) for n in range(3)]
FINE = [
    ("My dog sleeps on every trip now", 5.0),
    ("Quick to set up and it stays in place", 5.0),
    ("Bought it for our beagle, no regrets", 5.0),
    ("A calm ride at last, thank you", 5.0),
]


def _content(given, name="Car seat"):
    reviews = tuple(
        Comment(ref=f"r{n}", text=text, author_ref=f"a{n}", kind="review", rating=stars)
        for n, (text, stars) in enumerate(given)
    )
    page = make_collection(comments=reviews, product=PAGE, subject_is_product=True)
    return analyse(page, product_name=name, now=NOW, ref_key=KEY)


def _pack(given, **fields):
    return _content(given, **fields).pack.configuration


def test_what_reviews_with_fewer_stars_name_is_the_first_finding():
    pack = _pack([*THIN, *FINE])
    [first, *_] = pack["findings"]
    assert first["text"] == (
        "3 of 7 readable reviews mention the padding; they give 3.0 stars on average, the other 4 "
        "give 5.0."
    )
    assert "the padding" in first["do"]
    assert pack["headline"] == (
        "Car seat: film the padding first: 3.0 stars where reviews mention this, 5.0 elsewhere"
    )
    [cited] = [item for item in pack["evidence"] if item["id"] in first["evidence_ids"]]
    assert (cited["n"], cited["kind"]) == (3, "review")


def test_two_reviewers_or_one_who_writes_thrice_name_no_topic():
    assert "padding" not in json.dumps(_pack([*THIN[:2], *FINE]))
    same = [("The cushion is thin and it slips", 3.0)] * 3
    assert "padding" not in json.dumps(_pack([*same, *FINE]))


def test_what_the_product_itself_is_called_is_no_topic():
    assert "padding" not in json.dumps(_pack([*THIN, *FINE], name="Cushion for seats"))


def test_what_few_name_with_the_same_stars_is_not_told():
    rare = [(text, 5.0) for text, _ in THIN] + [(f"Good number {n}", 5.0) for n in range(9)]
    assert "padding" not in json.dumps(_pack(rare)["findings"])


def test_comments_under_a_video_have_no_topics():
    comments = tuple(
        Comment(ref=f"c{n}", text=f"cushion number {n}", author_ref=f"a{n}") for n in range(9)
    )
    [feelings, *_] = analysed(comments=comments).results
    assert feelings.content["topics"] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_topic_has_its_words_and_its_shot_in_every_language(locale):
    words = words_in(locale)
    for name, topic in topics.topic_words().items():
        assert words.knows(f"topics.{name}")
        assert words.knows(f"topic_shots.{topic.group}")


def test_the_precision_is_that_of_the_sheet():
    with SHEET.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) >= 50
    assert round(fmean(int(row["right"]) for row in rows), 3) == topics.PRECISION
    assert topics.PRECISION >= 0.8
