"""What changed between two analyses: only sentences that hold."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.insights.history import (
    Look,
    Offer,
    look_of,
    offer_of,
    record_of,
    what_changed,
)
from workers.insights.inputs import ProductFacts
from workers.insights.pack.words import words_in
from workers.insights.vocabulary import theme_title

LAST = Look(
    video="v1",
    basis="creator_median",
    band="typical",
    stands_out=50,
    stands_out_low=40,
    stands_out_high=60,
    ratio=1.0,
    net=0.1,
    net_low=0.0,
    net_high=0.2,
    comments=100,
    complaint_counts={"The size puts people off": 12},
    views_per_hour=20.0,
    stage="steady",
    price=Decimal("49.99"),
    currency="USD",
    is_sold_out=False,
)

BEFORE = "after +0.10 (+0.00 to +0.20)"


def kinds(last: Look | None, new: Look) -> list[str]:
    return [change.kind for change in what_changed(last, new)]


def test_a_first_analysis_and_an_equal_one_say_nothing():
    assert what_changed(None, LAST) == ()
    assert what_changed(LAST, LAST) == ()


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        (
            {"stands_out": 75, "stands_out_low": 61, "stands_out_high": 85},
            "stands_out_up",
            "The video stands out more than before: 75 (61 to 85), after 50 (40 to 60).",
        ),
        (
            {"stands_out": 20, "stands_out_low": 12, "stands_out_high": 39},
            "stands_out_down",
            "The video stands out less than before: 20 (12 to 39), after 50 (40 to 60).",
        ),
        (
            {"band": "breakout", "ratio": 8.21, "stands_out_low": 80, "stands_out_high": 99},
            "breakout",
            "The video is a breakout now: it has 8.2 times the usual views.",
        ),
        (
            {"stage": "heating", "views_per_hour": 1234.5},
            "heating",
            "The video heats up: 1,235 views an hour, more than posts of its age usually gain.",
        ),
        (
            {"stage": "saturating", "views_per_hour": 3.0},
            "cooling",
            "The video cools down: 3 views an hour, fewer than posts of its age usually gain.",
        ),
        (
            {"net": 0.4, "net_low": 0.3, "net_high": 0.5},
            "net_up",
            f"People feel better about it than before: net +0.40 (+0.30 to +0.50), {BEFORE}.",
        ),
        (
            {"net": -0.3, "net_low": -0.4, "net_high": -0.1},
            "net_down",
            f"People feel worse about it than before: net -0.30 (-0.40 to -0.10), {BEFORE}.",
        ),
        (
            {"complaint_counts": LAST.complaint_counts | {"People complain: it breaks": 14}},
            "new_complaint",
            "New complaint: it breaks (14 of 100 comments).",
        ),
        (
            {"complaint_counts": {}},
            "complaint_gone",
            "A complaint is gone: The size puts people off (12 of 100 comments before).",
        ),
        ({"is_sold_out": True}, "sold_out", "It is sold out now."),
        ({"price": Decimal("1059.5")}, "price_up", "The price rose from $49.99 to $1,059.50."),
        ({"price": Decimal("39.99")}, "price_down", "The price fell from $49.99 to $39.99."),
    ],
)
def test_each_change_is_said_in_a_sentence(changes: dict[str, object], kind: str, text: str):
    found = what_changed(LAST, replace(LAST, **changes))
    assert [(change.kind, change.text) for change in found] == [(kind, text)]


@pytest.mark.parametrize(
    "changes",
    [
        {"stands_out": 62, "stands_out_low": 60, "stands_out_high": 70},
        {"stands_out": 90, "stands_out_low": 80, "stands_out_high": 95, "video": "v2"},
        {"stands_out": 90, "stands_out_low": 80, "stands_out_high": 95, "basis": "followers"},
        {"stands_out": 90, "stands_out_low": None, "stands_out_high": None},
        {"stage": "heating", "views_per_hour": None},
        {"stage": "insufficient_data"},
        {"net": 0.29, "net_low": 0.2, "net_high": 0.4},
        {"net": None, "net_low": None, "net_high": None},
        {"complaint_counts": {"The size puts people off": 12, "It breaks": 4}},
        {"complaint_counts": {}, "comments": 12},
        {"complaint_counts": {}, "comments": None},
        {"is_sold_out": None},
        {"price": None},
        {"price": Decimal("39.99"), "currency": "EUR"},
        {"is_sample": True, "is_sold_out": True, "price": Decimal(1)},
    ],
)
def test_what_may_be_chance_or_another_scale_is_not_said(changes: dict[str, object]):
    assert kinds(LAST, replace(LAST, **changes)) == []


def test_a_breakout_is_said_once_and_not_of_a_first_measurement():
    new = replace(LAST, band="breakout")
    assert kinds(LAST, new) == ["breakout"]
    assert kinds(new, new) == []
    assert kinds(replace(LAST, band=None), new) == []
    assert kinds(replace(LAST, band="insufficient_data"), new) == []


@pytest.mark.parametrize("other", [{"video": "v2"}, {"basis": "followers"}])
def test_another_video_and_another_baseline_make_no_breakout(other: dict[str, str]):
    assert kinds(LAST, replace(LAST, band="breakout", **other)) == []


def test_what_was_sold_out_comes_back():
    assert kinds(replace(LAST, is_sold_out=True), LAST) == ["back_in_stock"]


def test_a_full_list_of_complaints_may_hide_as_many_as_its_smallest():
    """The document lists five: a sixth may have been there before."""
    full = replace(LAST, complaint_counts={f"c{n}": 20 for n in range(5)})
    new = replace(full, complaint_counts=full.complaint_counts | {"It breaks": 22})
    assert kinds(full, new) == []
    assert kinds(LAST, replace(LAST, complaint_counts=LAST.complaint_counts | {"x": 22})) == [
        "new_complaint"
    ]


_LOOKS = st.builds(
    Look,
    video=st.sampled_from([None, "v1", "v2"]),
    band=st.sampled_from([None, "typical", "breakout"]),
    stands_out_low=st.none() | st.floats(0, 50),
    stands_out_high=st.none() | st.floats(50, 100),
    net_low=st.none() | st.floats(-1, 0),
    net_high=st.none() | st.floats(0, 1),
    comments=st.none() | st.integers(0, 300),
    complaint_counts=st.dictionaries(st.sampled_from("abcdefg"), st.integers(3, 300), max_size=5),
    stage=st.sampled_from([None, "heating", "saturating"]),
    price=st.none() | st.decimals(0, 1000, places=2),
)


@given(_LOOKS, _LOOKS)
def test_intervals_that_share_a_value_never_give_a_sentence(last: Look, new: Look):
    """All intervals here hold 50 and 0."""
    said = [kind for kind in kinds(last, new) if "complaint" not in kind]
    assert not {"stands_out_up", "stands_out_down", "net_up", "net_down"} & set(said)
    assert len(said) == len(set(said))


def test_a_row_of_the_database_is_read_whole():
    row = {
        "video": "v1",
        "stands_out": 55,
        "complaints": ["It breaks"],
        "complaint_counts": {"It breaks": 4},
        "price": 49.99,
        "is_sample": False,
        "is_hit": None,
    }
    look = look_of(row)
    assert (look.video, look.stands_out, look.complaint_counts) == ("v1", 55, {"It breaks": 4})
    assert look.price == Decimal("49.99")


@pytest.mark.parametrize(
    ("availability", "expected"),
    [("OutOfStock", True), ("SoldOut", True), ("InStock", False), ("PreOrder", None), (None, None)],
)
def test_an_offer_is_sold_out_only_if_the_page_says_so(availability: str | None, expected: object):
    product = ProductFacts("Mug", price=Decimal(5), currency="EUR", availability=availability)
    assert offer_of(product) == Offer(Decimal(5), "EUR", is_sold_out=expected)
    assert offer_of(None) == Offer()


def test_the_record_has_a_sentence():
    row = {"scope": "account", "n": 40, "hits": 33, "rate": 0.825, "ci95": [0.681, 0.913]}
    record = record_of(row)
    assert record is not None
    assert (record.n, record.hits, record.rate, record.ci95) == (40, 33, 0.825, (0.681, 0.913))
    assert record.text == (
        "Of 40 scores against creators' own posts for this account, 33 stayed within their "
        "interval at the next look (83 %; 95 % interval 68 % to 91 %). The intervals are made so "
        "that 80 of 100 do."
    )
    assert record_of(None) is None


def test_changes_and_the_record_speak_the_language_of_the_account():
    changes = {"price": Decimal("1059.5")}
    [found] = what_changed(LAST, replace(LAST, **changes), "de")
    assert found.text == "Der Preis ist von 49,99 $ auf 1.059,50 $ gestiegen."
    title = theme_title("pain", "battery")
    counts = LAST.complaint_counts | {title: 14}
    [complaint] = what_changed(LAST, replace(LAST, complaint_counts=counts), "pt")
    assert complaint.text == (
        f"Reclamação nova: {words_in('pt').aspect('battery')['bad']} (14 de 100 comentários)."
    )
    record = record_of(
        {"scope": "all", "n": 40, "hits": 33, "rate": 0.825, "ci95": [0.681, 0.913]}, "fr"
    )
    assert record is not None
    assert record.text.startswith("Sur 40 scores de tous les comptes, mesurés face aux autres")
