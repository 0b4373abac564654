"""Whether a page's product can be bought, in schema.org's words, or None where nothing says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.providers.product_markup import Markup, Node, as_list
from workers.providers.product_regions import called, foreign, short_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_WORDS = {
    "instock": "InStock",
    "limitedavailability": "InStock",
    "onlineonly": "InStock",
    "instoreonly": "InStock",
    "presale": "PreOrder",
    "preorder": "PreOrder",
    "backorder": "BackOrder",
    "outofstock": "OutOfStock",
    "soldout": "OutOfStock",
    "discontinued": "Discontinued",
}


# What shops write beside a product that is gone, in the languages of the larger markets.
_GONE = re.compile(
    r"out of stock|sold out|(currently|temporarily) (unavailable|not available|out)"
    r"|no longer available|nicht (mehr )?(verfügbar|lieferbar|auf lager)|ausverkauft|vergriffen"
    r"|rupture de stock|épuisé|indisponible|agotado|no disponible|sin stock|non disponibile"
    r"|esaurito|esgotado|indisponível|uitverkocht|niet (op voorraad|beschikbaar|leverbaar)"
    r"|slutsåld|udsolgt|utsolgt|loppu(nut|unmyyty)|wyprzedan|niedostępn|brak w magazynie|vyprodáno"
    r"|нет в наличии|распродан|tükendi|stokta yok|품절|缺貨|售罄|在庫切れ",
    re.IGNORECASE,
)
_STOCK_NAME = re.compile(r"availab|stock|sold-?out|inventory|dispon|verf(ue|ü)gbar", re.IGNORECASE)
_LONGEST_NOTE = 200  # characters


def find_availability(markup: Markup, product: Node | None, tree: LexborHTMLParser) -> str | None:
    """Structured data first, then what the page shows."""
    return stated_availability(markup, product) or _visible(tree)


def stated_availability(markup: Markup, product: Node | None = None) -> str | None:
    """As structured data states it; one variant in stock, also of the same name, is enough."""
    name = product.get("name") if product else None
    nodes = [node for node in markup.products if product is None or node.get("name") == name]
    offers = [entry for node in nodes for entry in as_list(node.get("offers"))]
    page = [markup.page.get("product:availability"), markup.page.get("og:availability")]
    for group in (offers, list(markup.offers)):
        words = [_word(offer.get("availability")) for offer in group if isinstance(offer, dict)]
        known = [word for word in words if word]
        if known:
            return "InStock" if "InStock" in known else known[0]
    return next((word for word in map(_word, page) if word), None)


def _word(value: object) -> str | None:
    last = str(value or "").rpartition("/")[2]
    return _WORDS.get(re.sub(r"[\s_-]", "", last).lower())


def _visible(tree: LexborHTMLParser) -> str | None:
    for node in tree.css("[id], [class]"):
        if not _STOCK_NAME.search(called(node)) or node.tag in {"script", "style", "option"}:
            continue
        note = short_text(node, _LONGEST_NOTE)
        if note and _GONE.search(note) and foreign(node) == 0:
            return "OutOfStock"
    return None
