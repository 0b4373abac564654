"""The page's stars beside those of the reviews that it shows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.insights.samples import analysed
from workers.insights.inputs import Comment, ProductFacts

PAGE = ProductFacts(name="Bottle", rating=4.6, review_count=2842)


def _pack(*stars, page=PAGE):
    reviews = tuple(
        Comment(ref=f"r{n}", text=f"My review number {n}", author_ref=f"a{n}", kind="review",
                rating=float(given))
        for n, given in enumerate(stars)
    )  # fmt: skip
    result = analysed(comments=reviews, product=page, subject_is_product=True)
    return result.pack.configuration


def test_shown_reviews_with_fewer_stars_are_the_first_thing_to_film():
    pack = _pack(5, 5, 4, 2, 1, 3)
    assert pack["headline"] == (
        "Bottle: film the gap in the stars first: 4.6 on the page, 3.3 on average in the 6 reviews "
        "that it shows"
    )
    finding = pack["findings"][0]
    assert finding["text"].startswith("The page states 4.6 of 5 stars from 2,842 reviews; the 6")
    assert finding["do"].startswith("Read aloud the best and the worst review that the page shows")
    assert finding["evidence_ids"]
    [hook] = [each for each in pack["hooks"] if "3.3" in each["text"]]
    assert len(hook["evidence_ids"]) == 2


@pytest.mark.parametrize("stars", [(5, 5, 5, 5, 5, 5), (5, 4, 5, 4, 5), (1, 1, 1)])
def test_more_stars_the_same_or_too_few_reviews_are_no_reason_to_film(stars):
    pack = _pack(*stars)
    assert "Read aloud" not in json.dumps([pack["findings"], pack["next_steps"]])


def test_both_numbers_may_be_right_and_no_text_asks_which():
    pack = _pack(5, 5, 4, 2, 1, 3)
    assert pack["findings"][0]["text"].endswith("Both can be right.")
    assert pack["angles"][0]["title"] == (
        "Find out what the shown reviews say: 3.3 stars on average"
    )


def test_a_page_that_counts_fewer_reviews_than_it_shows_is_told_by_both_numbers():
    pack = _pack(5, 5, 4, 2, 1, 3, page=replace(PAGE, review_count=5))
    assert "4.6 on the page, 3.3 on average in the 6 reviews" in pack["headline"]
    assert "4.6" not in json.dumps([pack["summary"], pack["next_steps"]])
    assert pack["findings"][0]["text"] == (
        "The page counts 5 reviews with 4.6 of 5 stars, yet shows 6 that give 3.3 on average; it "
        "does not say where the others come from."
    )
    assert "a bad review" not in json.dumps(pack["findings"])
    assert "4.6 of 5 (5 reviews)" in json.dumps(pack["facts"])
