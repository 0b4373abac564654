"""The product's stated facts as evidence: name, price, rating. Its description stays unread."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class StatedFact:
    text: str
    evidence_id: str


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """Each with the evidence it cites; nothing where the page states nothing."""

    price: StatedFact | None = None
    rating: StatedFact | None = None
    reviews: int = 0


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
    ref = product.url or product.sku or product.name
    return StatedFacts(
        price=_price(product, ref, log),
        rating=_rating(product, ref, log),
        reviews=product.review_count or 0,
    )


def _price(product: ProductFacts, ref: str, log: EvidenceLog) -> StatedFact | None:
    if product.price is None:
        return None
    currency = product.currency if _CURRENCY.fullmatch(product.currency or "") else None
    text = price_text(f"{product.price:,.2f}", currency)
    return StatedFact(
        text, log.add("product_fact", f"The product page states a price of {text}.", [ref])
    )


def _rating(product: ProductFacts, ref: str, log: EvidenceLog) -> StatedFact | None:
    """Without a number of reviews a rating says nothing."""
    if product.rating is None or not product.review_count or not 0 < product.rating <= 5:
        return None
    text = f"{product.rating:.1f}"
    said = f"The product page states {text} of 5 from {product.review_count:,} reviews."
    return StatedFact(text, log.add("product_fact", said, [ref]))
