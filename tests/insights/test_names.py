"""Names as people say them and search for them: shops put prices, sizes and codes into them."""

from __future__ import annotations

import pytest

from workers.insights.pack.facts import is_code, search_name, short_name, spoken_name
from workers.insights.pack.kinds import spoken_kind
from workers.insights.pack.words import LOCALES, words_in


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SEOUL 100 ML (3.4 FL. OZ)", "SEOUL"),
        ("$60 · 1970's Vintage Skate Board", "1970's Vintage Skate Board"),
        ("€ 1.299 - Oak table", "Oak table"),
        ("Montreux Fabrics Rain Blocks, Blue", "Montreux Fabrics Rain Blocks"),
        ("Chinos - camel", "Chinos"),
        ("Face cream 50 ml", "Face cream"),
        ("$60", "$60"),
        ("4711 Cologne", "4711 Cologne"),
        ("KORG SV-2 73", "KORG SV-2 73"),
    ],
)
def test_a_spoken_name_has_no_price_and_no_size(name, said):
    assert spoken_name(name) == said


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("awe299", True), ("OFLEKI", True), ("Marlow", False), ("Table lamp", False), ("Bed", False)],
)
def test_a_code_is_told_from_a_name(name, is_one):
    assert is_code(name) is is_one


def test_a_code_is_searched_for_by_brand_and_kind():
    english = words_in("en")
    assert search_name(english, "awe299", "Luma", "lamp") == "Luma lamp"
    assert search_name(english, "awe299", None, "lamp") == "lamp"
    assert search_name(english, "OFLEKI", "Tommy Jeans", None) == "Tommy Jeans OFLEKI"


@pytest.mark.parametrize("locale", LOCALES)
def test_half_a_name_is_no_search(locale):
    name = "Roborock S6 Pure aspirador robot para pisos duros"
    found = search_name(words_in(locale), name, "Roborock", "vacuum")
    assert found == f"Roborock {words_in(locale).say('kinds.vacuum.search')}"
    assert short_name(name, "Roborock") not in found


def test_a_kind_told_by_the_page_is_named_where_the_name_has_no_word_of_it():
    assert spoken_kind("awe299", "lamp") == "lamp"
    assert spoken_kind("Table awe299", "lamp") == "table"
    assert spoken_kind("awe299", "clothes") is None
    assert spoken_kind("awe299", None) is None
