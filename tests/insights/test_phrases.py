"""Phrases of reviews and viewers: what they find; their precision is that of the sheets."""

from __future__ import annotations

import csv
from statistics import fmean

import pytest

from tests.evaluation.opinions import REVIEW_SHEET, VIEWER_SHEET, verdicts_of
from tests.insights.samples import analysed, contents, make_comments, varied
from workers.insights.inputs import Comment
from workers.insights.sentiment import aspects, viewers
from workers.insights.sentiment.phrases import phrases_of

MIN_READ = 50


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it is very well made", ("quality", "praise")),
        ("le plastique est solide", ("quality", "praise")),
        ("it stopped working after a month", ("quality", "pain")),
        ("sehr einfach zu montieren", ("ease", "praise")),
        ("the manual is confusing", ("ease", "pain")),
        ("rapport qualité/prix impeccable", ("price", "praise")),
        ("viel zu teuer", ("price", "pain")),
    ],
)
def test_a_review_says_it_in_several_languages(text, found):
    assert found in set(phrases_of("reviews.toml").find(text))


@pytest.mark.parametrize(
    "text",
    ["it is not well made", "nothing has broken on it", "it should be easy to use", "great sound"],
)
def test_a_phrase_behind_a_negation_or_of_something_else_does_not_count(text):
    assert not set(phrases_of("reviews.toml").find(text))


def test_the_precision_of_reviews_is_that_of_the_sheet():
    measured = {
        aspect: round(fmean(right), 3)
        for aspect, right in verdicts_of(REVIEW_SHEET, "aspect").items()
        if len(right) >= MIN_READ
    }
    assert measured == aspects.REVIEW_PRECISION


def test_the_precision_of_viewers_is_that_of_the_sheet():
    verdicts = verdicts_of(VIEWER_SHEET, "theme")
    assert {name: round(fmean(right), 3) for name, right in verdicts.items()} == viewers.PRECISION
    assert min(len(right) for right in verdicts.values()) >= MIN_READ
    assert set(viewers.USUAL) == set(viewers.PRECISION) == set(viewers.SAID)


def test_the_phrases_still_find_what_was_read():
    with REVIEW_SHEET.open(encoding="utf-8", newline="") as file:
        rows = [(row["aspect"], row["kind"], row["text"]) for row in csv.DictReader(file)]
    found = phrases_of("reviews.toml")
    assert [row for row in rows if row[:2] not in set(found.find(row[2]))] == []


def test_reviews_carry_claims_that_comments_do_not():
    assert aspects.carries_claims("quality", only_reviews=True)
    assert not aspects.carries_claims("quality")
    assert not aspects.carries_claims("look", only_reviews=True)


def _sentiment(result):
    return contents(result)[0]


def _reviews(*texts):
    return tuple(
        Comment(ref=f"r{n}", text=text, author_ref=f"a{n}", kind="review")
        for n, text in enumerate(texts)
    )


def test_three_reviews_make_a_claim_and_a_hook():
    texts = ("very well made", "solid and robust", "great quality", "my dog sleeps in it")
    result = analysed(comments=_reviews(*texts), subject_is_product=True)
    [theme] = [t for t in _sentiment(result)["themes"] if t["aspect"] == "quality"]
    assert (theme["kind"], theme["n"], theme["carries_claims"]) == ("praise", 3, True)
    [hook] = result.pack.configuration["hooks"]
    assert (hook["basis"], hook["why"]) == ("theme", "3 of 4 reviews say: it feels well made.")


def test_a_review_on_both_sides_counts_for_neither():
    texts = ("well made but the handle feels flimsy", "well made", "a sturdy thing")
    result = analysed(comments=_reviews(*texts), subject_is_product=True)
    assert [t for t in _sentiment(result)["themes"] if t["aspect"] == "quality"] == []


def test_viewers_are_counted_beside_what_is_usual():
    comments = make_comments(*varied("this is hilarious, i laughed so hard", 9), *varied("ok", 11))
    result = analysed(comments=comments)
    [theme] = [t for t in _sentiment(result)["viewers"] if t["kind"] == "laughing"]
    assert theme["n"] == 9
    assert theme["ci95"][0] > theme["usual"]
    assert viewers.CAVEAT in _sentiment(result)["caveats"]
    [hook] = result.pack.configuration["hooks"]
    assert (hook["basis"], hook["text"]) == (
        "viewers",
        "It happened again. Watch.",
    )


def test_a_product_has_no_viewers():
    comments = make_comments(*varied("this is hilarious, i laughed so hard", 9))
    result = analysed(comments=comments, subject_is_product=True)
    assert _sentiment(result)["viewers"] == []
