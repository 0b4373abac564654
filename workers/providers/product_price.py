"""Finds the product's price in a page: one amount and its currency, or nothing.

Structured data is asked first; where it is silent, the visible page is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from workers.providers.product_markup import Markup, Node, as_list
from workers.providers.product_money import Money, parse
from workers.providers.product_visible_price import visible_price

MAX_OFFERS = 200
MAX_SPECIFICATIONS = 10
# A sale price comes first: it is what a buyer pays.
_PAGE_PROPERTIES = ("product:sale_price", "og:sale_price", "product:price", "og:price")


def find_price(
    markup: Markup, product: Node | None, tree: LexborHTMLParser, name: str
) -> Money | None:
    """The price of the page's own product."""
    return stated_price(markup, product) or visible_price(tree, name)


def stated_price(markup: Markup, product: Node | None = None) -> Money | None:
    """The price as structured data states it, that of `product` before any other."""
    nodes: Sequence[Node] = [product] if product else markup.products
    offers = [entry for node in nodes for entry in as_list(node.get("offers"))]
    for offer in (*offers[:MAX_OFFERS], *markup.offers[:MAX_OFFERS]):
        money = _of_offer(offer)
        if money is not None:
            return money
    return _of_page(markup)


def _of_offer(offer: Any) -> Money | None:
    if not isinstance(offer, dict):
        return None
    specifications: list[Node] = [
        entry
        for entry in as_list(offer.get("priceSpecification"))[:MAX_SPECIFICATIONS]
        if isinstance(entry, dict)
    ]
    for node in (offer, *specifications):
        for key in ("price", "lowPrice", "highPrice"):
            money = parse(node.get(key), node.get("priceCurrency") or offer.get("priceCurrency"))
            if money is not None:
                return money
    return None


def _of_page(markup: Markup) -> Money | None:
    for prefix in _PAGE_PROPERTIES:
        amount = markup.page.get(f"{prefix}:amount") or markup.page.get(prefix)
        money = parse(amount, markup.page.get(f"{prefix}:currency"))
        if money is not None:
            return money
    return None
