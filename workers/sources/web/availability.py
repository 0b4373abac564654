"""Whether a page's product can be bought, in schema.org's words, or None where nothing says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.sources.web.boilerplate import Boilerplate, short_text
from workers.sources.web.markup import Markup, Node, as_list

_WORDS = {
    "instock": "InStock",
    "limitedavailability": "InStock",
    "onlineonly": "InStock",
    "instoreonly": "InStock",
    "available": "InStock",
    "availablefororder": "InStock",
    "madetoorder": "InStock",
    "unavailable": "OutOfStock",
    "notavailable": "OutOfStock",
    "oos": "OutOfStock",
    "reserved": "OutOfStock",
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
_BUTTONS = "button, input[type='submit'], input[type='button'], a[role='button'], a[class]"
_MAX_BUTTONS = 1500
_MAX_LOOKS = 5000  # at elements that are named after stock
_SILENT = frozenset({"script", "style", "option"})
_LONGEST_BUTTON = 60
_MAX_BUTTON_SCORE = 2.0  # one boilerplate name: forms are often called after the cart they fill
_DISABLED_NAME = re.compile(r"disabled|sold-?out|out-?of-?stock|unavailable|hidden", re.IGNORECASE)
# What buttons say that sell, in the languages of the larger markets; lists of wishes don't.
_BUY = re.compile(
    r"add to (your |my |shopping )?(cart|bag|basket|trolley)|^\W*buy( it)? now|^\W*buy\W*$"
    r"|in den (waren|einkaufs)?(korb|wagen)|jetzt (kaufen|bestellen)|ajouter au panier"
    r"|(añadir|agregar) (al|a la) (carrito|cesta|bolsa)|comprar (ahora|agora)?|aggiungi al carrello"
    r"|adicionar ao carrinho|in (de )?(winkel)?(wagen|mand)(je)?\b|köp\b|lägg i (varu)?korg"
    r"|læg i kurv|legg i handlekurv|lisää (ostos)?koriin|do koszyka|do košíku|в корзину|купить"
    r"|sepete ekle|장바구니|加入购物车|カートに",
    re.IGNORECASE,
)
_LONGEST_NOTE = 200  # characters


def find_availability(
    markup: Markup, product: Node | None, tree: LexborHTMLParser, boilerplate: Boilerplate
) -> str | None:
    """Structured data first, then what the page shows.

    A note that something is sold out is often about one size, another shop or a neighbour. A button
    that still sells the product is about the product.
    """
    stated = stated_availability(markup, product) or _loose(tree, boilerplate)
    if stated is not None:
        return stated
    if any(not _is_disabled(node, boilerplate) for node in buy_controls(tree, boilerplate)):
        return "InStock"
    return "OutOfStock" if next(stock_notes(tree, boilerplate), None) is not None else None


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


def _loose(tree: LexborHTMLParser, boilerplate: Boilerplate) -> str | None:
    """Statements outside of any item: a lone property, or the label that link previews show."""
    for node in tree.css("[itemprop='availability'], meta[name='availability']")[:_MAX_LOOKS]:
        attributes = node.attributes
        stated = attributes.get("content") or attributes.get("href") or short_text(node, 40)
        word = _word(stated)
        if word and boilerplate.score(node) == 0:
            return word
    for label in tree.css("meta[name^='twitter:label']"):
        if _STOCK_NAME.search((label.attributes.get("content") or "")[:_LONGEST_NOTE]):
            number = (label.attributes.get("name") or "").removeprefix("twitter:label")
            data = (
                tree.css_first(f"meta[name='twitter:data{number}']")
                if number in {"1", "2", "3", "4"}
                else None
            )
            return _word(data.attributes.get("content")) if data else None
    return None


def buy_controls(tree: LexborHTMLParser, boilerplate: Boilerplate) -> Iterator[LexborNode]:
    """The buttons that sell the page's own product, disabled ones included."""
    for node, said in labelled_buttons(tree):
        if _BUY.search(said) and boilerplate.score(node) <= _MAX_BUTTON_SCORE:
            yield node


def labelled_buttons(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, str]]:
    """The page's buttons with what they say."""
    for node in tree.css(_BUTTONS)[:_MAX_BUTTONS]:
        said = short_text(node, _LONGEST_BUTTON) or node.attributes.get("value") or ""
        yield node, said[:_LONGEST_NOTE]


def _is_disabled(node: LexborNode, boilerplate: Boilerplate) -> bool:
    attributes = node.attributes
    return (
        boilerplate.is_hidden(node)
        or "disabled" in attributes
        or attributes.get("aria-disabled") == "true"
        or _DISABLED_NAME.search(boilerplate.names(node)) is not None
    )


def _word(value: object) -> str | None:
    last = value[-_LONGEST_NOTE:].rpartition("/")[2] if isinstance(value, str) else ""
    return _WORDS.get(re.sub(r"[\s_-]", "", last).lower())


def stock_notes(tree: LexborHTMLParser, boilerplate: Boilerplate) -> Iterator[LexborNode]:
    """Elements of the main content that say that the product is gone."""
    looks = 0
    for node in tree.css("[id], [class]"):
        if not _STOCK_NAME.search(boilerplate.names(node)) or node.tag in _SILENT:
            continue
        looks += 1
        if looks > _MAX_LOOKS:
            return
        note = short_text(node, _LONGEST_NOTE)
        if not note or not _GONE.search(note):
            continue
        if boilerplate.score(node) == 0 and not boilerplate.is_hidden(node):
            yield node
