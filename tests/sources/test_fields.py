"""Fields of scraped items, in every form that scrapers send them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sources import fields

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
)


@pytest.mark.parametrize(
    ("given_as", "means"),
    [
        (3710, 3710),
        (3710.0, 3710),
        (0, 0),
        ("3710", 3710),
        ("3,710", 3710),
        ("1.234.567", 1234567),
        ("541.2K", 541200),
        ("1.2M", 1200000),
        ("2,5M", 2500000),
        (" 3b ", 3000000000),
        ("", None),
        ("many", None),
        ("1.2.3", None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        ("9" * 400, None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_counts_are_read_in_every_form(given_as, means):
    assert fields.count(given_as) == means


@pytest.mark.parametrize(
    "given_as",
    [
        1608214517,
        1608214517.0,
        1608214517000,
        "1608214517",
        "2020-12-17T14:15:17.000Z",
        "2020-12-17T14:15:17",
        "2020-12-17T15:15:17+01:00",
    ],
)
def test_times_are_read_in_every_form(given_as):
    assert fields.moment(given_as) == datetime(2020, 12, 17, 14, 15, 17, tzinfo=UTC)


@pytest.mark.parametrize("given_as", [0, -1, 10**30, "", "yesterday", None, True, {}, "0001-01-01"])
def test_what_is_no_time_of_a_post_is_none(given_as):
    assert fields.moment(given_as) is None


@pytest.mark.parametrize(
    "item",
    [
        {"videoMeta": {"duration": 15}},
        {"videoMeta.duration": 15},
        {"videoMeta/duration": 15},
    ],
)
def test_fields_are_found_nested_or_flattened(item):
    assert fields.field(item, "videoMeta.duration") == 15


@pytest.mark.parametrize("item", [{}, {"videoMeta": None}, {"videoMeta": "x"}, {"videoMeta": [15]}])
def test_a_missing_field_is_none(item):
    assert fields.field(item, "videoMeta.duration") is None


@given(ANYTHING)
def test_whatever_comes_a_reader_answers_its_type_or_none(value):
    assert isinstance(fields.count(value), int | None)
    assert isinstance(fields.number(value), float | None)
    assert isinstance(fields.moment(value), datetime | None)
    assert isinstance(fields.text(value), str | None)


@pytest.mark.parametrize("value", [10**400, 10**16, float("inf"), float("nan"), "9" * 5000, 1e300])
def test_a_number_of_too_many_digits_is_no_count(value):
    assert fields.count(value) is None


def test_a_long_text_is_cut():
    assert fields.text("mug " * 2000) == "mug " * 1000


def test_a_text_is_one_that_can_be_stored():
    assert fields.text("a\x00b\ud800c") == "abc"
