"""Totals with intervals out of comments."""

from __future__ import annotations

from tests.insights.samples import analysed, contents, make_comments, varied

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
    assert overall["label"] == "mixed"
    assert overall["ci95"][0] < 0 < overall["ci95"][1]


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
        "unsure_share": None,
        "calibrated": False,
        "basis": "3 comments could be read; a total needs 10.",
        "n": 3,
    }


def test_twenty_copies_of_planted_praise_do_not_turn_a_bad_total():
    honest = _overall(*BAD)["net"]
    planted = _overall(*BAD, *["This is the best product ever, I love it so much!"] * 20)["net"]
    assert abs(planted - honest) <= 0.05


def test_the_sample_says_what_was_left_out_and_why():
    texts = [*GOOD, GOOD[0], "https://evil.example", "das ist wirklich eine sehr schöne Flasche"]
    sample = contents(analysed(comments=make_comments(*texts)))[0]["sample"]
    assert sample["collected"] == 43
    assert sample["analysed"] == 40
    assert sample["dropped"] == {
        "duplicate": 1,
        "spam": 1,
        "language": 1,
        "suspected_injection": 0,
    }
