"""What a pack may say of a product: what its page states, with a currency and its evidence."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from tests.insights.samples import KEY, NOW, make_collection
from workers.insights.analysis import analyse
from workers.insights.documents import FactKind
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import ProductFacts, Spec, SpecKind
from workers.insights.pack.facts import stated_facts
from workers.insights.pack.words import LOCALES, words_in
from workers.sources.web import details


def stated(locale="en", **fields):
    log = EvidenceLog(b"test")
    facts = stated_facts(ProductFacts(name="Mug", **fields), log, words_in(locale))
    said = {item.id: item.paraphrase for item in log.items()}
    return [(fact.kind, fact.text, said[fact.evidence_id]) for fact in facts.facts]


@pytest.mark.parametrize(
    ("currency", "text"),
    [
        ("GBP", "£1,248.99"),
        ("EUR", "€1,248.99"),
        ("CHF", "CHF 1,248.99"),
        ("$", "$1,248.99"),
        ("kr", "kr 1,248.99"),
    ],
)
def test_a_price_has_its_currency(currency, text):
    [price] = stated(price=Decimal("1248.99"), currency=currency)
    assert price == ("price", text, f"The product page states a price of {text}.")


@pytest.mark.parametrize(
    ("locale", "currency", "text"),
    [
        ("de", "EUR", "1.248,99 €"),
        ("es", "EUR", "1.248,99 €"),
        ("fr", "EUR", "1\u202f248,99 €"),
        ("pt", "BRL", "R$ 1.248,99"),
        ("pt", "EUR", "€ 1.248,99"),
        ("en", "JPY", "¥1,249"),
    ],
)
def test_a_price_is_written_as_people_write_it_there(locale, currency, text):
    [(_, price, _)] = stated(locale, price=Decimal("1248.99"), currency=currency)
    assert price == text


@pytest.mark.parametrize("currency", [None, "", "a long text", "<b>", "1"])
def test_an_amount_without_a_currency_is_no_price(currency):
    assert stated(price=Decimal("48.99"), currency=currency) == []


@pytest.mark.parametrize(
    ("availability", "text"),
    [("OutOfStock", "sold out"), ("PreOrder", "on pre-order"), ("BackOrder", "on back-order")],
)
def test_a_product_that_nobody_can_buy_is_said_to_be_so(availability, text):
    said = f"The product page states that the product is {text}."
    assert stated(availability=availability) == [("stock", text, said)]


@pytest.mark.parametrize("availability", ["InStock", None, "canary"])
def test_of_other_products_nothing_is_said_about_stock(availability):
    assert stated(availability=availability) == []


def test_each_material_size_and_colour_is_a_fact_of_its_own():
    facts = stated(materials=("oak", "steel"), sizes=("300 ml",), colours=("blue",), brand="Potter")
    assert [(kind, text) for kind, text, _ in facts] == [
        ("material", "oak"),
        ("material", "steel"),
        ("size", "300 ml"),
        ("colour", "blue"),
        ("brand", "Potter"),
    ]


def test_facts_are_in_the_language_of_the_pack():
    facts = stated("de", materials=("oak",), sizes=("1.5 kg",), colours=("blue",))
    assert [text for _, text, _ in facts] == ["Eiche", "1,5 kg", "Blau"]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_word_of_the_pages_tables_has_its_word(locale):
    materials = tuple(dict.fromkeys(details._MATERIALS))
    colours = tuple(dict.fromkeys(details._COLOURS))
    facts = stated(locale, materials=materials, colours=colours)
    assert len(facts) == len(materials) + len(colours)


def test_every_kind_of_fact_is_one_of_the_document():
    facts = stated(
        price=Decimal(1),
        currency="EUR",
        availability="OutOfStock",
        rating=4.5,
        review_count=12,
        materials=("oak",),
        sizes=("XL",),
        colours=("blue",),
        brand="Potter",
        specs=(Spec("noise", "67", "dB"),),
    )
    assert {kind for kind, _, _ in facts} == set(get_args(FactKind))


def test_a_rating_needs_the_number_of_reviews():
    assert stated(rating=4.5) == []
    assert stated(rating=4.5, review_count=12)[0][:2] == ("rating", "4.5 of 5 (12 reviews)")


@pytest.mark.parametrize(
    ("locale", "spec", "text"),
    [
        ("en", Spec("runtime", "150", "minute"), "battery run time: 2 h 30 min"),
        ("de", Spec("warranty", "2", "year"), "Garantie: 2 Jahre"),
        ("pt", Spec("weight", "4.7", "kg"), "peso: 4,7 kg"),
        ("fr", Spec("batteries", "0", ""), "piles : non fournies"),
        ("es", Spec("water", "IP20", ""), "protección contra el agua: IP20"),
    ],
)
def test_a_number_of_the_page_is_said_with_its_unit(locale, spec, text):
    assert [said for _, said, _ in stated(locale, specs=(spec,))] == [text]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", get_args(SpecKind))
def test_every_number_of_a_page_has_its_words_and_a_shot(locale, kind):
    words = words_in(locale)
    assert words.knows(f"specs.{kind}")
    assert words.knows(f"demos.spec_{kind}")


def test_inches_are_said_in_centimetres_where_those_are_usual():
    assert [text for _, text, _ in stated("de", sizes=("3.88 × 11.5 inch",))] == [
        "9,9 × 29,2 cm (3,88 × 11,5 inch)"
    ]
    assert [text for _, text, _ in stated("en", sizes=("11.5 inch",))] == ["11.5 inch"]


@pytest.mark.parametrize(
    ("size", "subject", "like"),
    [
        ("29 cm", "length_like", "the long side of an A4 sheet"),
        ("30.5 × 29 cm", "length_like", "the long side of an A4 sheet"),
        ("33 cm", "length", None),
        ("158 × 198 cm", "large", None),
        ("300 ml", "volume", None),
    ],
)
def test_a_length_is_compared_with_a_thing_that_is_about_as_long(size, subject, like):
    product = ProductFacts(name="Thing", sizes=(size,))
    [fact] = stated_facts(product, EvidenceLog(b"key"), words_in("en")).facts
    assert (fact.subject, fact.like) == (subject, like)


@pytest.mark.parametrize("price", ["12.3450", "0.0050", "99999999.995"])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_price_of_parts_of_a_cent_does_not_end_the_analysis(locale, price):
    """A decimal and its float may round to different cents."""
    product = ProductFacts(name="Mug", price=Decimal(price), currency="EUR")
    collection = make_collection(source_kind="product_page", product=product)
    analyse(collection, product_name="Mug", now=NOW, ref_key=KEY, locale=locale)
