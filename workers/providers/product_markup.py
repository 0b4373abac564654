"""What a page says about its product in structured data: JSON-LD, microdata, OpenGraph.

Parsing only: extruct is given the text and never fetches. Markup is often wrong in form, so every
value is read as if it could be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import extruct

Node = Mapping[str, Any]

MAX_NODES = 2000  # a page that lists more than this is a catalogue
_PRODUCT_TYPES = ("Product", "ProductGroup", "ProductModel", "IndividualProduct", "Vehicle", "Book")


@dataclass(frozen=True)
class Markup:
    """The product's node, best first, and the page's flat OpenGraph properties."""

    products: tuple[Node, ...]
    offers: tuple[Node, ...]
    page: Mapping[str, str]


def read_markup(html: str) -> Markup:
    """All product markup of a page; empty where there is none or it is broken."""
    data = cast(
        "dict[str, list[Node]]",
        extruct.extract(
            html,
            uniform=True,
            syntaxes=["json-ld", "microdata", "opengraph"],
            errors="ignore",
        ),
    )
    linked = list(_nodes(data.get("json-ld", [])))
    micro = list(_nodes(data.get("microdata", [])))
    products = [node for node in (*linked, *micro) if has_type(node, *_PRODUCT_TYPES)]
    offers = [node for node in (*linked, *micro) if has_type(node, "Offer", "AggregateOffer")]
    return Markup(tuple(products), tuple(offers), _flat(data.get("opengraph", [])))


def has_type(node: Node, *names: str) -> bool:
    """Types come as `Product`, `schema:Product`, `https://schema.org/Product`, or a list."""
    given = as_list(node.get("@type")) + as_list(node.get("additionalType"))
    return any(str(kind).replace("#", "/").rpartition("/")[2] in names for kind in given)


def as_list(value: object) -> list[Any]:
    """One or many: markup writes a single value without its list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _nodes(roots: list[Node]) -> Iterator[Node]:
    """Every typed node, outer ones before the ones inside, at most MAX_NODES."""
    return islice(_walk(roots, depth=0), MAX_NODES)


def _walk(value: object, depth: int) -> Iterator[Node]:
    if depth > 8:  # deeper is no product but somebody's whole page state
        return
    if isinstance(value, list):
        for entry in value:
            yield from _walk(entry, depth + 1)
    elif isinstance(value, Mapping):
        if "@type" in value:
            yield value
        for key, entry in value.items():
            # Products inside these are other products.
            if key not in {"isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor"}:
                yield from _walk(entry, depth + 1)


def _flat(nodes: list[Node]) -> dict[str, str]:
    page: dict[str, str] = {}
    for node in nodes:
        for key, value in node.items():
            if isinstance(value, str) and value.strip():
                page.setdefault(key.lower(), value.strip())
    return page
