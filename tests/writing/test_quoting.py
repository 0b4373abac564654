"""Ids in a model's prose, and the sentences that stand for them."""

from __future__ import annotations

import pytest

from workers.writing.quoting import (
    Quotable,
    named_in,
    quoted,
    without_dates,
    without_places,
)

KNOWN = {
    "f1": Quotable("7 reviews say: it looks solid.", ("e3", "e4")),
    "e2": Quotable("The product page states: 600 ml", ("e2",)),
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("They like it. {f1}", "They like it. 7 reviews say: it looks solid."),
        ("{f1} So film it.", "7 reviews say: it looks solid. So film it."),
        ("They like it {f1}.", "They like it 7 reviews say: it looks solid."),
        ("Small? [e2]", "Small? The product page states: 600 ml."),
        ("Nothing here {e9}.", "Nothing here ."),
        ("No place.", "No place."),
    ],
)
def test_an_id_gives_way_to_its_sentence(text, said):
    assert quoted(text, KNOWN) == said


def test_an_id_brings_its_evidence_along():
    assert named_in(["{f1} and {e9}", "{e2}"], KNOWN) == ["e3", "e4", "e2"]


def test_what_the_model_says_itself_has_no_place():
    assert without_places("They like it. {f1}").strip() == "They like it."


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Your post of November 5, 2020."),
        ("en", "Your post of Nov 5? No: November 5th."),
        ("es", "Tu publicación del 5 de noviembre de 2020."),
        ("pt", "Seu post de 5 de novembro."),
        ("fr", "Ton post du 5 novembre 2020."),
        ("de", "Dein Post vom 5. November 2020."),
    ],
)
def test_a_date_is_no_number(locale, text):
    left = without_dates(text.replace("Nov 5? No: ", ""), ["2020-11-05"], locale)
    assert not any(char.isdigit() for char in left)


def test_the_next_part_of_a_series_is_no_number():
    assert (
        without_dates("Part two of it, Teil 2, parte dois.", [], "en") == "Part of it, Teil, parte."
    )


def test_another_date_stays():
    assert without_dates("On May 6.", ["2020-05-07"], "en") == "On May 6."
