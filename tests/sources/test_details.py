"""Materials, sizes and colours: words of our tables and numbers, whatever the page's language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sources.web.details import MAX_EACH, Details, read_details


def read(name="Mug", stated=(), description=None):
    return read_details(name, stated, description)


@pytest.mark.parametrize(
    ("label", "value", "known"),
    [
        ("material", "Edelstahl, Glas", Details(materials=("steel", "glass"))),
        ("Matière", "100% coton", Details(materials=("cotton",))),
        ("Color", "Azul", Details(colours=("blue",))),
        ("Farbe", "Schwarz/Weiß", Details(colours=("black", "white"))),
        ("size", "XL", Details(sizes=("XL",))),
        ("Größe", "20,5 x 30 cm", Details(sizes=("20.5 × 30 cm",))),
        ("Weight", "2.2 lbs", Details(sizes=("2.2 lb",))),
        ("size", "one for all, as my sister says", Details()),
        ("material", "unobtainium", Details()),
        ("author", "Silk Black, 300 ml", Details()),
    ],
)
def test_what_a_page_states_becomes_words_of_ours(label, value, known):
    assert read(stated=[(label, value)]) == known


@pytest.mark.parametrize(
    ("description", "known"),
    [
        ("Made of solid oak.", Details(materials=("oak",))),
        ("Bezug: 80 % Baumwolle, 20 % Polyester", Details(materials=("cotton", "polyester"))),
        ("Hecho de acero", Details(materials=("steel",))),
        ("Holds 300 ml and measures 8 x 9 cm.", Details(sizes=("300 ml", "8 × 9 cm"))),
        ("Cleans leather, glass and steel. For parcels up to 5 kg.", Details()),
        ("Comes in a black box, loved in 3 countries.", Details()),
    ],
)
def test_a_description_only_counts_where_it_speaks_of_the_product_itself(description, known):
    assert read(description=description) == known


def test_a_name_tells_sizes_and_the_colour_behind_its_comma():
    assert read("Orange juicer 0.5 L, black") == Details(sizes=("0.5 l",), colours=("black",))


def test_there_are_a_few_of_each_and_none_twice():
    colours = "red blue green red yellow black white"
    assert len(read(stated=[("colour", colours)]).colours) == MAX_EACH
    assert read(stated=[("colour", "red, red")]).colours == ("red",)


@given(st.text(max_size=400), st.text(max_size=400))
def test_no_words_of_a_page_get_through(label, value):
    canary = "quokkabanjo"
    found = read(f"{value} {canary}", [(label, f"{canary} {value}")], f"{canary} made of {canary}")
    assert canary not in str(found)
