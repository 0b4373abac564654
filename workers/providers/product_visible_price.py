"""Reads the price off a page that states none in its structured data.

Every element that is named like a price is a candidate. What it is called, what it is part of and
how near it stands to the product's name decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.providers.product_money import Money, parse
from workers.providers.product_regions import Regions, short_text

MAX_CANDIDATES = 300
MAX_LOOKS = 5000  # at elements named like a price, most of which show none
MAX_HEADINGS = 100
_LONGEST_HEADING = 1000
_LONGEST_PRICE = 40  # characters: "ab 1.299,00 € inkl. MwSt."
_SKIPPED = frozenset({"script", "style", "template", "noscript", "head", "svg", "option"})
_MONEY_SIGN = re.compile(r"[$€£¥₹₽₺₩₪฿₫₴]|\b(?:[A-Z]{3}|kr|zł|Kč|Ft|lei|Rs)\b")

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
# Elements after the heading, and what nearness is worth.
_NEAR = ((50, 3.0), (150, 2.0), (600, 1.0))


@dataclass(frozen=True)
class _Candidate:
    money: Money
    score: float


def visible_price(tree: LexborHTMLParser, name: str) -> Money | None:
    """The best candidate of the page; None where none is good enough."""
    regions = Regions()
    candidates = [
        _Candidate(money, _score(node, shown, distance, regions))
        for node, shown, distance in _named_like_prices(tree, name, regions)
        if (money := parse(shown)) is not None
    ]
    if not candidates:
        return None
    repeated = Counter(candidate.money.amount for candidate in candidates if candidate.score > 0)
    best = max(candidates, key=lambda each: each.score + 0.3 * min(repeated[each.money.amount], 4))
    return best.money if best.score > 0 else None


def _named_like_prices(
    tree: LexborHTMLParser, name: str, regions: Regions
) -> Iterator[tuple[LexborNode, str, int]]:
    """Candidates with what they show and how many elements after the heading they stand."""
    since_heading: int | None = None
    found = looks = headings = 0
    for node in tree.root.traverse() if tree.root else ():
        headings += node.tag == "h1"
        if headings <= MAX_HEADINGS:
            since_heading = _distance(node, name, since_heading)
        elif since_heading is not None:
            since_heading += 1
        if not _PRICE_NAME.search(regions.called(node)):
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


def _score(node: LexborNode, shown: str, distance: int, regions: Regions) -> float:
    names = regions.called(node)
    score = 1.0
    score += 1.0 if _MONEY_SIGN.search(shown) else -0.5
    score += 1.0 if _MAIN_NAME.search(names) else 0.0
    score += 2.0 if "price" in (node.attributes.get("itemprop") or "") else 0.0
    score -= 3.0 if _OTHER_NAME.search(names) or "%" in shown or "+" in shown else 0.0
    if distance >= 0:
        score += next((bonus for within, bonus in _NEAR if distance < within), -0.5)
    return score - regions.foreign(node)
