"""Totals with intervals out of comments."""

from __future__ import annotations

import json
import re

import pytest

from tests.insights.samples import (
    KEY,
    NOW,
    analysed,
    contents,
    make_collection,
    make_comment,
    make_comments,
    varied,
)
from workers.insights.analysis import analyse
from workers.insights.inputs import Label
from workers.insights.sentiment.aspects import speaks_of_product
from workers.insights.sentiment.engine import Scorer

GOOD = varied("I love it", 40)
BAD = varied("terrible, I hate it", 40)


def _overall(*texts):
    return contents(analysed(comments=make_comments(*texts)))[0]["overall"]


def test_praise_is_positive_and_the_interval_says_so():
    overall = _overall(*GOOD)
    assert overall["label"] == "positive"
    low, high = overall["ci95"]
    assert 0 < low < overall["net"] < high <= 1


def test_complaints_are_negative():
    assert _overall(*BAD)["label"] == "negative"


def test_an_interval_that_spans_zero_is_not_called_positive():
    overall = _overall(*GOOD[:20], *BAD[:20])
    assert overall["ci95"][0] < 0 < overall["ci95"][1]
    assert overall["label"] in {"mixed", "unclear"}


def test_mixed_means_praise_and_complaint_and_unclear_that_nothing_is_known():
    texts = varied("it is a bottle", 40)
    halves = [_review(text, 1.0 if n % 2 else 5.0) for n, text in enumerate(texts)]
    assert contents(analysed(comments=tuple(halves)))[0]["overall"]["label"] == "mixed"
    unclear = _overall(*GOOD[:6], *BAD[:5])
    low, high = unclear["ci95"]
    assert high - low > 0.8
    assert unclear["label"] == "unclear"


def test_shares_add_up_to_one():
    distribution = _overall(*GOOD, *BAD[:9])["distribution"]
    assert abs(sum(distribution.values()) - 1) < 0.002


def test_too_few_comments_give_no_total():
    overall = _overall("lovely", "great", "awful")
    evidence_ids = overall.pop("evidence_ids")
    assert len(evidence_ids) == 1
    assert overall == {
        "label": "insufficient_data",
        "net": None,
        "ci95": None,
        "distribution": None,
        "distribution_ci95": None,
        "calibrated": False,
        "basis": "3 comments could be read; a total needs 10.",
        "n": 3,
    }


def test_twenty_copies_of_planted_praise_do_not_turn_a_bad_total():
    honest = _overall(*BAD)["net"]
    planted = _overall(*BAD, *["This is the best product ever, I love it so much!"] * 20)["net"]
    assert abs(planted - honest) <= 0.05


def test_the_sample_says_what_was_left_out_and_why():
    texts = [*GOOD, GOOD[0], "https://evil.example", "bagus banget"]
    sentiment = contents(analysed(comments=make_comments(*texts)))[0]
    sample = sentiment["sample"]
    assert (sample["collected"], sample["analysed"]) == (43, 40)
    assert sample["dropped"] == {"duplicate": 1, "spam": 1, "suspected_injection": 0}
    assert sample["not_read"] == {"n": 1, "languages": ["Indonesian"]}
    assert "1 comment in Indonesian was not read." in sentiment["caveats"]


# False statements: each said something untrue to a user once.

DELIGHTED = {
    "es": (
        *("me encanta", "es hermoso", "qué bonito", "lo amo", "precioso", "hermosa", "buenísimo"),
        *("muy lindo", "perfecto", "fantástico", "maravilloso", "increíble", "me fascina"),
    ),
    "pt": (
        *("muito bom", "amei", "que lindo", "perfeito", "maravilhoso", "adorei", "muito lindo"),
        *("ótimo", "excelente", "sensacional", "que fofo", "incrível", "muito bonito", "o melhor"),
    ),
}
FURIOUS = {
    "es": (
        *("lo odio", "qué asco", "horrible", "muy malo", "una basura", "es una estafa", "lo peor"),
        *("no sirve", "mala calidad", "qué feo", "no me gusta", "muy feo", "una porquería"),
    ),
    "pt": (
        *("odiei", "que nojo", "horrível", "muito ruim", "um lixo", "péssima qualidade"),
        *("não gostei", "não presta", "muito feio", "o pior", "não funciona", "veio quebrado"),
    ),
}
INDONESIAN = (
    *("bagus banget", "keren banget", "suka banget", "cantik banget", "lucu banget", "mantap"),
    *("bagus sekali", "keren abis", "cakep banget", "bagus kak", "suka deh", "mantul"),
)


@pytest.mark.parametrize("code", DELIGHTED)
def test_short_foreign_praise_and_blame_are_not_neutral(code):
    assert _overall(*DELIGHTED[code])["label"] == "positive"
    assert _overall(*FURIOUS[code])["label"] == "negative"


def test_short_comments_of_a_language_that_is_not_read_give_no_total_and_are_named():
    sentiment = contents(analysed(comments=make_comments(*INDONESIAN)))[0]
    assert sentiment["overall"]["label"] == "insufficient_data"
    assert sentiment["caveats"] == ["12 comments in Indonesian were not read."]


def test_labelled_comments_count_as_read_in_any_language():
    comments = make_comments(*INDONESIAN, "hay quá trời quá đất luôn á mọi người")
    label = Label("positive", "praise", aspect=None, wants_to_buy=False)
    labels = {comment.ref: label for comment in comments[:-1]}
    found = analyse(
        make_collection(comments=comments),
        product_name="Bottle",
        now=NOW,
        ref_key=KEY,
        scorer=Scorer("a-model", "1", is_calibrated=False),
        labels=labels,
    )
    sentiment = contents(found)[0]
    assert sentiment["overall"]["label"] == "positive"
    assert sentiment["sample"]["analysed"] == 12
    assert sentiment["sample"]["not_read"] == {"n": 1, "languages": ["Vietnamese"]}
    assert sentiment["confidence"]["level"] != "high"


GOOD_WISHES = (
    *("keep up the good work", "great work", "nice work man", "good work bro", "works for me"),
    *("love your work", "amazing work", "hard work pays off", "thanks for your hard work"),
    *("work it girl", "good works", "your work is great", "best work ever", "you work so hard"),
)


def test_good_wishes_are_no_claim_about_the_product():
    sentiment, _, pack = contents(analysed(comments=make_comments(*GOOD_WISHES)))
    assert not [theme for theme in sentiment["themes"] if theme["carries_claims"]]
    assert not [hook for hook in pack["hooks"] if hook["evidence_ids"]]


@pytest.mark.parametrize(
    ("clause", "is_claim"),
    [
        ("it tastes so good", True),
        ("the flavour of it is delicious", True),
        ("this bottle tastes amazing", True),
        ("tastes delicious", True),
        ("you taste so good", False),
        ("my lunch tasted so good", False),
        ("this song tastes like summer", False),
        ("la batería dura mucho", None),
    ],
)
def test_a_claim_needs_the_product_as_its_subject(clause, is_claim):
    aspect = "taste" if is_claim is not None else "battery"
    expected = is_claim is not False
    found = speaks_of_product(clause, aspect, None, is_english=is_claim is not None)
    assert found is expected


def test_claims_need_an_aspect_whose_precision_is_known():
    texts = (*varied("it tastes so good", 12), *varied("it does what it promises, it works", 12))
    themes = contents(analysed(comments=make_comments(*texts)))[0]["themes"]
    assert {theme["aspect"] for theme in themes if theme["carries_claims"]} == {"taste"}


def test_confidence_is_not_high_where_the_interval_tells_nothing():
    half = (*varied("I love it", 60), *varied("terrible, I hate it", 60))
    sentiment = contents(analysed(comments=make_comments(*half)))[0]
    low, high = sentiment["overall"]["ci95"]
    assert low < 0 < high
    assert sentiment["confidence"]["level"] == "low"


def test_confidence_is_high_where_many_agree():
    sentiment = contents(analysed(comments=make_comments(*varied("I love it", 120))))[0]
    assert sentiment["confidence"]["level"] == "high"


def test_one_who_wants_to_buy_is_not_called_no_percent():
    comments = make_comments("just bought mine", *varied("the colour is lovely", 199))
    sentiment, _, pack = contents(analysed(comments=comments))
    assert sentiment["purchase_intent"]["share"] == 0.005
    assert not re.search(r"\b0 %", pack["summary"])
    said = "1 of 200 comments wants to buy it or has bought it (between 0.1 % and 3 %)."
    assert said in pack["summary"]


def test_forty_three_against_nine_is_not_divided():
    praise = varied("I love it, the taste is delicious", 43)
    pain = varied("I hate it, the taste is awful, disgusting", 9)
    comments = make_comments(*praise, *pain)
    pack = contents(analysed(comments=comments, subject_is_product=True))[2]
    assert [angle["theme"] for angle in pack["angles"]] == ["praise:taste"]
    assert "differ" not in pack["headline"] + pack["summary"]


def test_reviews_are_called_reviews():
    comments = make_comments(*varied("the taste is delicious, I love it", 12), kind="review")
    sentiment, _, pack = contents(analysed(comments=comments))
    said = json.dumps([sentiment["evidence"], sentiment["overall"], sentiment["aspects"]])
    assert "12 reviews" in said
    assert "comments" not in said
    assert {item["kind"] for item in sentiment["evidence"]} == {"review"}
    assert "Of 12 reviews, " in pack["summary"]
    assert "comments" not in json.dumps([pack["hooks"], pack["angles"], pack["summary"]])
    assert (sentiment["sample"]["comments"], sentiment["sample"]["reviews"]) == (0, 12)


def test_one_review_is_no_plural():
    comments = make_comments("the taste is delicious", kind="review", rating=4.0)
    sentiment, _, pack = contents(analysed(comments=comments))
    said = json.dumps([sentiment, pack["summary"]])
    assert "1 reviews" not in said
    assert sentiment["overall"]["basis"] == "1 review could be read; a total needs 10."


# Stars are labels.


def _review(text, stars):
    return make_comment(text, kind="review", rating=stars)


def test_a_review_counts_by_its_stars_not_by_its_words():
    bad_words = [_review(text, 5.0) for text in varied("terrible, I hate it", 20)]
    sentiment = contents(analysed(comments=tuple(bad_words)))[0]
    assert sentiment["overall"]["label"] == "positive"
    assert sentiment["overall"]["basis"] == "20 reviews by their stars, copies counted once"
    assert sentiment["stars"]["counts"] == [0, 0, 0, 0, 20]


def test_stars_are_summed_up_with_their_counts():
    given = [1.0, 2.0, 3.0, 4.0, 5.0, 4.6, 2.4]
    texts = varied("it is a bottle", len(given))
    reviews = tuple(_review(*pair) for pair in zip(texts, given, strict=True))
    sentiment = contents(analysed(comments=reviews))[0]
    stars = sentiment["stars"]
    assert (stars["n"], stars["mean"], stars["counts"]) == (7, 3.14, [1, 2, 1, 1, 2])
    said = {item["id"]: item["paraphrase"] for item in sentiment["evidence"]}
    assert said[stars["evidence_ids"][0]] == "7 reviews give 3.1 of 5 stars on average."


def test_stars_of_a_review_in_any_language_count():
    reviews = tuple(_review(text, 1.0) for text in INDONESIAN)
    sentiment = contents(analysed(comments=reviews))[0]
    assert sentiment["overall"]["label"] == "negative"
    assert sentiment["sample"]["not_read"]["n"] == 0


def test_without_stars_there_is_no_mean():
    assert contents(analysed(comments=make_comments(*GOOD)))[0]["stars"] is None


def test_a_comment_that_many_like_counts_more():
    quiet = make_comments(*GOOD[:12], *BAD[:12])
    loud = (*make_comments(*GOOD[:12]), *make_comments(*BAD[:12], likes=500))
    before, after = (
        contents(analysed(comments=comments))[0]["overall"]["net"] for comments in (quiet, loud)
    )
    assert after < before - 0.2
