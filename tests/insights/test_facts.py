"""What a pack may say of a product: what its page states, with a currency and its evidence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import ProductFacts
from workers.insights.pack.facts import stated_facts


def stated(**fields):
    log = EvidenceLog(b"test")
    facts = stated_facts(ProductFacts(name="Mug", **fields), log)
    said = {item.id: item.paraphrase for item in log.items()}
    return [(fact.kind, fact.text, said[fact.evidence_id]) for fact in facts.facts]


@pytest.mark.parametrize(
    ("currency", "text"),
    [("GBP", "48.99 GBP"), ("EUR", "48.99 EUR"), ("$", "$48.99"), ("kr", "kr48.99")],
)
def test_a_price_has_its_currency(currency, text):
    [price] = stated(price=Decimal("48.99"), currency=currency)
    assert price == ("price", text, f"The product page states a price of {text}.")


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


def test_a_rating_needs_the_number_of_reviews():
    assert stated(rating=4.5) == []
    assert stated(rating=4.5, review_count=12)[0][:2] == ("rating", "4.5")
