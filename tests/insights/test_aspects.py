"""Aspects by examples and words: in several languages, and only where both agree."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from workers.insights.sentiment import aspects

SHEET = Path(__file__).parents[1] / "evaluation" / "aspect_precision.csv"
MIN_READ = 50


def _found(text):
    return aspects.find([text])[0]


@pytest.mark.parametrize(
    ("text", "aspect", "kind"),
    [
        ("how much does it cost?", "price", "question"),
        ("¿cuánto cuesta?", "price", "question"),
        ("quanto custa isso?", "price", "question"),
        ("viel zu teuer für sowas", "price", "pain"),
        ("the battery dies after an hour", "battery", "pain"),
        ("la batería dura mucho", "battery", "praise"),
        ("customer service never answers", "service", "pain"),
        ("schmeckt so lecker", "taste", "praise"),
        ("where can i buy this?", "availability", "question"),
    ],
)
def test_an_aspect_is_found_in_any_language(text, aspect, kind):
    found = _found(text)
    assert (found.aspect, found.kind) == (aspect, kind)


@pytest.mark.parametrize(
    "text",
    [
        "keep up the good work",
        "great video, thank you",
        "i miss you so much",
        "got nothing",
        "me encanta",
        "good morning everyone",
        "",
    ],
)
def test_what_is_no_opinion_of_a_product_has_no_aspect(text):
    assert _found(text) is None


def test_buying_is_told_from_wishing_well():
    assert _found("just bought one").aspect == aspects.INTENT
    assert _found("i need you to be happy") is None


def test_no_clauses_give_no_hits():
    assert aspects.find([]) == []


def test_the_stated_precision_is_that_of_the_sheet():
    verdicts = defaultdict(list)
    with SHEET.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            verdicts[row["aspect"]].append(int(row["right"]))
    measured = {
        aspect: round(sum(right) / len(right), 3)
        for aspect, right in verdicts.items()
        if len(right) >= MIN_READ
    }
    assert measured == aspects.PRECISION


def test_aspects_below_the_bar_or_unmeasured_carry_no_claim():
    assert aspects.carries_claims("service")
    assert not aspects.carries_claims("effect")
    assert not aspects.carries_claims("question")
    assert not aspects.carries_claims("leaking")


def test_the_sheet_holds_text_of_mit_licensed_sets_only():
    with SHEET.open(encoding="utf-8", newline="") as file:
        sets = {row["set"] for row in csv.DictReader(file) if row["text"]}
    assert sets <= {"amazon_snippets", "tweets"}
