"""Finds the product's price in a page: one amount and its currency, or nothing.

Structured data is asked first; where it is silent, the visible page is. A price that is struck
out, a shipping cost or a neighbour's price looks just the same, so the surroundings decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from price_parser import Price

from workers.providers.product_markup import Markup, Node, as_list

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_MOST = Decimal(100_000_000)


@dataclass(frozen=True)
class Money:
    """An amount above zero; the currency as the page writes it (code or sign)."""

    amount: Decimal
    currency: str | None = None


def find_price(markup: Markup, tree: LexborHTMLParser) -> Money | None:
    """The price of the page's own product."""
    for product in markup.products:
        for offer in as_list(product.get("offers")):
            money = _of_offer(offer)
            if money is not None:
                return money
    for offer in markup.offers:
        money = _of_offer(offer)
        if money is not None:
            return money
    return _of_page(markup) or _visible(tree)


def parse(value: Any, currency: Any = None) -> Money | None:
    """`"1.299,00 €"`, `1299.0`, `"$12"`; None for zero, nonsense and texts without a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    hint = currency if isinstance(currency, str) and currency else None
    price = Price.fromstring(str(value)[:80], currency_hint=hint)
    if price.amount is None or not 0 < price.amount < _MOST:
        return None
    return Money(price.amount, hint or price.currency)


def _of_offer(offer: Any) -> Money | None:
    if not isinstance(offer, dict):
        return None
    specifications: list[Node] = [
        entry for entry in as_list(offer.get("priceSpecification")) if isinstance(entry, dict)
    ]
    for node in (offer, *specifications):
        for key in ("price", "lowPrice", "highPrice"):
            money = parse(node.get(key), node.get("priceCurrency") or offer.get("priceCurrency"))
            if money is not None:
                return money
    return None


def _of_page(markup: Markup) -> Money | None:
    for prefix in ("product:sale_price", "og:sale_price", "product:price", "og:price"):
        amount = markup.page.get(f"{prefix}:amount") or markup.page.get(prefix)
        money = parse(amount, markup.page.get(f"{prefix}:currency"))
        if money is not None:
            return money
    return None


def _visible(tree: LexborHTMLParser) -> Money | None:
    for node in tree.css("[itemprop=price], #price, .price, [class*=price], [id*=price]")[:40]:
        money = parse(node.attributes.get("content") or node.text(strip=True)[:80])
        if money is not None:
            return money
    return None
