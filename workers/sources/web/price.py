"""Finds the product's price in a page: one amount and its currency.

Structured data comes before what the page shows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from price_parser import Price
from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.sources.web.boilerplate import Boilerplate, short_text
from workers.sources.web.markup import Markup, Node, as_list

_MOST = Decimal(100_000_000)
_LONGEST_CURRENCY = 20
_LONGEST = 80  # characters of a text that may be a price

MAX_CANDIDATES = 300
MAX_LOOKS = 5000  # elements that are named like a price; most of them show none
MAX_HEADINGS = 100
_LONGEST_HEADING = 1000
_LONGEST_PRICE = 40  # characters: "ab 1.299,00 € inkl. MwSt."
_SKIPPED = frozenset({"script", "style", "template", "noscript", "head", "svg", "option"})
_MONEY_SIGN = re.compile(r"[$€£¥₹₽₺₩₪฿₫₴]|\b(?:[A-Z]{3}|kr|zł|Kč|Ft|lei|Rs|[Kk]n)\b")

_FURTHER_SIGN = re.compile(r"\d\s*([Kk]n)\b")

_PRICE_NAME = re.compile(
    r"price|prix|preis|prezzo|precio|preco|cena|prijs|amount|prcis", re.IGNORECASE
)
_MAIN_NAME = re.compile(
    r"our|final|current|now|sale|special|offer|main|actual|buy|detail|product|pdp|big|large",
    re.IGNORECASE,
)
_OTHER_NAME = re.compile(
    r"old|was|list|strike|before|regular|original|rrp|msrp|uvp|cross|previous|save|saving|discount"
    r"|ship|deliver|versand|livraison|month|install|finance|unit|per-|member|coupon|tax|from|lowest"
    r"|range|count|filter|total|points|warranty|addon|tiered|sns|notice",
    re.IGNORECASE,
)
# The score that an element gains within so many elements after the heading.
_NEAR = ((50, 3.0), (150, 2.0), (600, 1.0))

MAX_OFFERS = 200
MAX_SPECIFICATIONS = 10
# A sale price comes first: it is what a buyer pays.
_PAGE_PROPERTIES = ("product:sale_price", "og:sale_price", "product:price", "og:price")


@dataclass(frozen=True)
class Money:
    """An amount above zero, and the currency as the page writes it (code or sign)."""

    amount: Decimal
    currency: str | None = None


def parse(value: object, currency: object = None) -> Money | None:
    """The price in `"1.299,00 €"`, `1299.0` or `"$12"`; None for zero and other texts."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    hint = currency[:_LONGEST_CURRENCY] if isinstance(currency, str) and currency else None
    price = Price.fromstring(str(value)[:_LONGEST], currency_hint=hint)
    if price.amount is None or not 0 < price.amount < _MOST:
        return None
    return Money(price.amount, hint or price.currency or _further_sign(str(value)[:_LONGEST]))


# Signs and words that one currency has, and codes that are old.
_CODES = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "RUR": "RUB", "₺": "TRY", "₩": "KRW",
    "원": "KRW", "₪": "ILS", "฿": "THB", "₫": "VND", "₴": "UAH", "zł": "PLN", "Kč": "CZK",
    "Ft": "HUF", "lei": "RON", "kn": "HRK", "R$": "BRL", "円": "JPY", "元": "CNY",
}  # fmt: skip
# Signs that several currencies share, by the country of the shop's address.
_SHARED = {
    "$": {"ca": "CAD", "au": "AUD", "nz": "NZD", "mx": "MXN", "ar": "ARS", "cl": "CLP",
          "co": "COP", "tw": "TWD", "sg": "SGD", "hk": "HKD", "us": "USD"},
    "kr": {"se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK"},
    "¥": {"jp": "JPY", "cn": "CNY"},
    "rs": {"in": "INR", "pk": "PKR", "lk": "LKR"},
}  # fmt: skip


def currency_code(written: str | None, url: str) -> str | None:
    """The ISO code, where the sign and the shop's country tell it; otherwise as it is written."""
    if written is None:
        return None
    word = written.strip(". ")
    if re.fullmatch(r"[A-Za-z]{3}", word):
        return _CODES.get(word.upper(), word.upper())
    known = {sign.lower(): code for sign, code in _CODES.items()}
    if word.lower() in known:
        return known[word.lower()]
    try:
        country = (urlsplit(url).hostname or "").rpartition(".")[2]
    except ValueError:  # "http://["
        country = ""
    return _SHARED.get(word.lower(), {}).get(country, word)


def _further_sign(shown: str) -> str | None:
    """A currency that the price parser does not know."""
    found = _FURTHER_SIGN.search(shown)
    return found[1] if found else None


@dataclass(frozen=True)
class _Candidate:
    money: Money
    score: float


def visible_price(tree: LexborHTMLParser, name: str, boilerplate: Boilerplate) -> Money | None:
    """The candidate with the highest score, if it is above zero."""
    candidates = [
        _Candidate(money, _score(node, shown, distance, boilerplate))
        for node, shown, distance in _named_like_prices(tree, name, boilerplate)
        if (money := parse(shown)) is not None
    ]
    if not candidates:
        return None
    repeated = Counter(candidate.money.amount for candidate in candidates if candidate.score > 0)
    best = max(candidates, key=lambda each: each.score + 0.3 * min(repeated[each.money.amount], 4))
    return best.money if best.score > 0 else None


def priced_elements(
    tree: LexborHTMLParser, name: str, boilerplate: Boilerplate
) -> Iterator[tuple[LexborNode, Money]]:
    """The elements that may show the price, each with its amount."""
    for node, shown, distance in _named_like_prices(tree, name, boilerplate):
        money = parse(shown)
        if money is not None and _score(node, shown, distance, boilerplate) > 0:
            yield node, money


def _named_like_prices(
    tree: LexborHTMLParser, name: str, boilerplate: Boilerplate
) -> Iterator[tuple[LexborNode, str, int]]:
    """Elements with their text and their distance from the heading, in elements (-1: before it)."""
    since_heading: int | None = None
    found = looks = headings = 0
    for node in tree.root.traverse() if tree.root else ():
        headings += node.tag == "h1"
        if headings <= MAX_HEADINGS:
            since_heading = _distance(node, name, since_heading)
        elif since_heading is not None:
            since_heading += 1
        if not _PRICE_NAME.search(boilerplate.names(node)):
            continue
        looks += 1
        if looks > MAX_LOOKS or found >= MAX_CANDIDATES:
            return
        shown = _shown(node)
        if shown is not None:
            found += 1
            yield node, shown, -1 if since_heading is None else since_heading


def _distance(node: LexborNode, name: str, so_far: int | None) -> int | None:
    if node.tag == "h1" and name and name in (short_text(node, _LONGEST_HEADING) or ""):
        return 0
    return None if so_far is None else so_far + 1


def _shown(node: LexborNode) -> str | None:
    shown = node.attributes.get("content") or short_text(node, _LONGEST_PRICE) or ""
    is_price = len(shown) <= _LONGEST_PRICE and re.search(r"\d", shown) is not None
    return shown if is_price and node.tag not in _SKIPPED else None


def _score(node: LexborNode, shown: str, distance: int, boilerplate: Boilerplate) -> float:
    names = boilerplate.names(node)
    score = 1.0
    score += 1.0 if _MONEY_SIGN.search(shown) else -0.5
    score += 1.0 if _MAIN_NAME.search(names) else 0.0
    score += 2.0 if "price" in (node.attributes.get("itemprop") or "") else 0.0
    score -= 3.0 if _OTHER_NAME.search(names) or "%" in shown or "+" in shown else 0.0
    if distance >= 0:
        score += next((bonus for within, bonus in _NEAR if distance < within), -0.5)
    return score - boilerplate.score(node)


def find_price(
    markup: Markup,
    product: Node | None,
    tree: LexborHTMLParser,
    name: str,
    boilerplate: Boilerplate,
) -> Money | None:
    """The price of the page's main product."""
    return stated_price(markup, product) or visible_price(tree, name, boilerplate)


def stated_price(markup: Markup, product: Node | None = None) -> Money | None:
    """The price in structured data; that of `product` comes first."""
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
