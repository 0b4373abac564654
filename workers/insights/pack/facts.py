"""What the product's page states, each fact with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import ProductFacts
from workers.insights.pack.templates import price_text
from workers.insights.sentiment.comments import clean

NAME_LIMIT = 80
SPOKEN_LIMIT = 45
_NAME_TAIL = re.compile(r"\s+[-\u2013\u2014|/]\s+|\s*[,;:(\[]|\s+(?=\d+\s*x\s*\d)")
# A name that is cut must not end on these.
_DANGLING = frozenset((
    "and", "with", "for", "of", "the", "a", "an", "in", "on", "by", "to", "und", "mit", "für",
    "von", "et", "avec", "de", "du", "la", "le", "con", "para", "com", "y", "e", "&", "+",
))  # fmt: skip
_CURRENCY_CODE = re.compile(r"[A-Z]{3}")
_CURRENCY_SIGN = re.compile(r"[^\w\s<>&]{1,3}|[^\W\d_]{1,3}")
# Sentences for the states of a product that nobody can buy right now.
_STOCK = {
    "OutOfStock": "sold out",
    "PreOrder": "on pre-order",
    "BackOrder": "on back-order",
    "Discontinued": "discontinued",
}
FactKind = Literal["price", "stock", "rating", "material", "size", "colour", "brand"]


@dataclass(frozen=True, slots=True)
class StatedFact:
    """`text` holds numbers, units, names and words of our own tables."""

    kind: FactKind
    text: str
    evidence_id: str


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """Each with the evidence that it cites; none where the page states nothing."""

    facts: tuple[StatedFact, ...] = ()
    reviews: int = 0

    @property
    def price(self) -> StatedFact | None:
        """The price with its currency."""
        return self._first("price")

    @property
    def rating(self) -> StatedFact | None:
        """The stars of five."""
        return self._first("rating")

    @property
    def stock(self) -> StatedFact | None:
        """Why nobody can buy the product right now; None while it is in stock."""
        return self._first("stock")

    def _first(self, kind: FactKind) -> StatedFact | None:
        return next((fact for fact in self.facts if fact.kind == kind), None)


def shown_name(product_name: str) -> str:
    """The user's own name for the product, on one line and of a length that fits a sentence."""
    name = clean(product_name)
    return name if len(name) <= NAME_LIMIT else name[: NAME_LIMIT - 1].rstrip() + "…"


def spoken_name(product_name: str) -> str:
    """The name as a person says it: shops put colour, size and model number behind it."""
    name = _NAME_TAIL.split(shown_name(product_name))[0].strip() or product_name
    words = name.split()
    while len(" ".join(words)) > SPOKEN_LIMIT and len(words) > 1:
        words.pop()
    while len(words) > 1 and words[-1].lower() in _DANGLING:
        words.pop()
    return " ".join(words)


def stated_facts(product: ProductFacts | None, log: EvidenceLog) -> StatedFacts:
    if product is None:
        return StatedFacts()
    ref = product.url or product.name
    facts = tuple(
        StatedFact(kind, text, log.add("product_fact", f"The product page states {said}.", [ref]))
        for kind, text, said in _stated(product)
    )
    return StatedFacts(facts, reviews=product.review_count or 0)


def _stated(product: ProductFacts) -> Iterator[tuple[FactKind, str, str]]:
    """Kind, text and the rest of the sentence "The product page states …" of each fact."""
    price = _price(product)
    if price is not None:
        yield "price", price, f"a price of {price}"
    stock = _STOCK.get(product.availability or "")
    if stock is not None:
        yield "stock", stock, f"that the product is {stock}"
    # Without a number of reviews a rating says nothing.
    if product.rating is not None and product.review_count and 0 < product.rating <= 5:
        stars = f"{product.rating:.1f}"
        yield "rating", stars, f"{stars} of 5 from {product.review_count:,} reviews"
    for material in product.materials:
        yield "material", material, f"the material {material}"
    for size in product.sizes:
        yield "size", size, f"the size {size}"
    for colour in product.colours:
        yield "colour", colour, f"the colour {colour}"
    if product.brand:
        brand = shown_name(product.brand)
        yield "brand", brand, f"the brand {brand}"


def _price(product: ProductFacts) -> str | None:
    """The price as it may be said. Without its currency an amount is no price."""
    currency = product.currency or ""
    if product.price is None:
        return None
    amount = f"{product.price:,.2f}"
    if _CURRENCY_CODE.fullmatch(currency):
        return price_text(amount, currency)
    return f"{currency}{amount}" if _CURRENCY_SIGN.fullmatch(currency) else None
