"""What a page says about its product in structured data: JSON-LD, microdata, OpenGraph.

Pages are hostile input. A library that reads them with recursive XPath can be hung by one page for
the rest of the process, so everything here is one pass over a parsed tree, with bounds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from workers.providers.microdata import read_items

Node = Mapping[str, Any]

MAX_TYPES = 20
MAX_TYPE_CHARACTERS = 200
MAX_NODES = 2000  # a page that lists more than this is a catalogue
MAX_SCRIPTS = 50
MAX_SCRIPT_CHARACTERS = 500_000  # of all together; the most on 64 real shop pages are 13,000
MAX_DEPTH = 8  # deeper is no product but somebody's whole page state
_PRODUCT_TYPES = ("Product", "ProductGroup", "ProductModel", "IndividualProduct", "Vehicle", "Book")
# Products inside these are other products.
_NEIGHBOURS = frozenset({"isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor"})
_PAGE_PROPERTIES = "meta[property^='og:'], meta[property^='product:'], meta[name^='og:']"
# What old pages wrap around their data, as comments of HTML or JavaScript.
_LEADS = ("<!--", "//<![CDATA[", "// <![CDATA[")
_TAILS = ("-->", "//]]>", "// ]]>", ";")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


@dataclass(frozen=True)
class Markup:
    """The page's products and offers in document order, and its flat OpenGraph properties."""

    products: tuple[Node, ...]
    offers: tuple[Node, ...]
    page: Mapping[str, str]


def read_markup(tree: LexborHTMLParser) -> Markup:
    """All product markup of a page; empty where there is none or it is broken."""
    roots = [*_linked_data(tree), *read_items(tree)]
    nodes = list(islice(_walk(roots, depth=0), MAX_NODES))
    return Markup(
        products=tuple(node for node in nodes if has_type(node, *_PRODUCT_TYPES)),
        offers=tuple(node for node in nodes if has_type(node, "Offer", "AggregateOffer")),
        page=_page_properties(tree),
    )


def has_type(node: Node, *names: str) -> bool:
    """Types come as `Product`, `schema:Product`, `https://schema.org/Product`, or a list."""
    given = as_list(node.get("@type")) + as_list(node.get("additionalType"))
    kinds = (kind for kind in given[:MAX_TYPES] if isinstance(kind, str))
    return any(re.split(r"[/#:]", kind[-MAX_TYPE_CHARACTERS:])[-1] in names for kind in kinds)


def as_list(value: object) -> list[Any]:
    """One or many: markup writes a single value without its list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _linked_data(tree: LexborHTMLParser) -> Iterator[object]:
    """Each script by itself: a broken one must not hide the others."""
    room = MAX_SCRIPT_CHARACTERS
    for script in tree.css("script[type='application/ld+json']")[:MAX_SCRIPTS]:
        text = script.text().strip()
        room -= len(text)
        if room < 0:
            return
        for attempt in (text, _TRAILING_COMMA.sub("", _unwrapped(text))):
            try:
                yield json.loads(attempt, strict=False)
            except (ValueError, RecursionError):
                continue
            break


def _unwrapped(text: str) -> str:
    """Without the comments around it; looks at both ends only."""
    for lead in _LEADS:
        text = text.removeprefix(lead).lstrip()
    if text.startswith("/*"):
        text = text.partition("*/")[2].lstrip()
    if text.endswith("*/"):
        text = text.rpartition("/*")[0].rstrip()
    for tail in _TAILS:
        text = text.removesuffix(tail).rstrip()
    return text


def _walk(value: object, depth: int) -> Iterator[Node]:
    """Every typed node, outer ones before the ones inside."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _walk(entry, depth + 1)
    elif isinstance(value, dict):
        if "@type" in value:
            yield value
        for key, entry in value.items():
            if key not in _NEIGHBOURS:
                yield from _walk(entry, depth + 1)


def _page_properties(tree: LexborHTMLParser) -> dict[str, str]:
    """The first of each; the page's own stand before those of what it embeds."""
    page: dict[str, str] = {}
    for meta in tree.css(_PAGE_PROPERTIES):
        name = meta.attributes.get("property") or meta.attributes.get("name") or ""
        content = (meta.attributes.get("content") or "").strip()
        if content:
            page.setdefault(name.lower(), content)
    return page
