"""Reads a page's structured data about its product: JSON-LD, microdata, OpenGraph.

`is_readable` finds pages that are too large or too deep for the parser, in one pass over the text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.sources.fields import MAX_TEXT_CHARACTERS

MAX_TAGS = 150_000  # the largest of 64 real shop pages has 32,000
MAX_TAG_DEPTH = 1000  # none of them reaches 500
MAX_OPTIONS = 10_000
MAX_ATTRIBUTE_SQUARES = 20_000_000  # over all tags: one tag of 4,400, or 5,000 tags of 60
MAX_REOPENED = (
    2_000_000  # copies of unclosed formatting elements (<b>, <font>), which the parser repeats
)

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+=?[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?)?"""
)
# Elements that don't nest: void ones, and those that the next of their kind closes.
_VOID = "area base br col embed hr img input link meta source track wbr"
_CLOSED_BY_THE_NEXT = "p li dt dd td th tr thead tbody tfoot option optgroup colgroup"
_ONCE = "html head body"
_NOT_NESTING = frozenset(f"{_VOID} {_CLOSED_BY_THE_NEXT} {_ONCE}".split())
# Formatting elements. The parser opens an unclosed one again in each paragraph that follows.
_FORMATTING = frozenset(
    ("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)

MAX_PROPERTIES = 5000
MAX_NAMES_CHARACTERS = 500  # of one element's property names
MAX_CHARACTERS = 2_000_000  # of all properties together: nested ones repeat their texts

# The attribute with a property's value, by element. Other elements have it in their text.
_VALUE_ATTRIBUTES = {
    "a": "href",
    "area": "href",
    "link": "href",
    "img": "src",
    "source": "src",
    "data": "value",
    "meter": "value",
    "time": "datetime",
}

Item = dict[str, Any]

Node = Mapping[str, Any]

MAX_TYPES = 20
MAX_TYPE_CHARACTERS = 200
MAX_NODES = 2000  # a page with more is a catalogue
MAX_SCRIPTS = 50
MAX_SCRIPT_CHARACTERS = 500_000  # of all together; the most on 64 real shop pages are 13,000
MAX_JSON_DEPTH = 8  # deeper JSON is the state of a whole page, not a product
_PRODUCT_TYPES = ("Product", "ProductGroup", "ProductModel", "IndividualProduct", "Vehicle", "Book")
# Properties that hold other products.
_NEIGHBOURS = frozenset({"isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor"})
# Properties that hold pages which contain this one.
_OUTER_PAGES = frozenset({"isPartOf", "breadcrumb"})
_PAGE_PROPERTIES = "meta[property^='og:'], meta[property^='product:'], meta[name^='og:']"
# Comments of HTML or JavaScript that old pages put around their data.
_LEADS = ("<!--", "//<![CDATA[", "// <![CDATA[")
_TAILS = ("-->", "//]]>", "// ]]>", ";")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


def is_readable(html: str) -> bool:
    """False if parsing may take more than a second or two.

    The depth is the number of opened minus closed tags, counted per name: a closing tag of another
    name closes nothing. Tags in scripts and comments count too, hence the high limits.
    """
    if html.count("<") > MAX_TAGS:
        return False
    opened: Counter[str] = Counter()
    depth = formatting = most_formatting = squares = of_root = position = options = 0
    while tag := _TAG.search(html, position):
        is_end, name = bool(tag[1]), tag[2][:40].lower()
        position = tag.end()
        attributes = 0
        while attribute := _ATTRIBUTE.match(html, position):
            attributes += 1
            position = attribute.end()
            if attributes**2 > MAX_ATTRIBUTE_SQUARES:
                return False
        if name in {"html", "body"}:  # the parser adds the attributes of later ones to the first
            of_root += attributes
        squares += attributes**2
        options += name == "option"
        if name not in _NOT_NESTING:
            step = -min(opened[name], 1) if is_end else 1
            opened[name] += step
            depth += step
            formatting += step if name in _FORMATTING else 0
            most_formatting = max(most_formatting, formatting)
        if depth > MAX_TAG_DEPTH or squares + of_root**2 > MAX_ATTRIBUTE_SQUARES:
            return False
    return options <= MAX_OPTIONS and most_formatting * html.count("<") <= MAX_REOPENED


def read_items(tree: LexborHTMLParser) -> list[Item]:
    """The outermost microdata items with the items inside them, in the form of JSON-LD."""
    reader = _Reader()
    for node in tree.root.traverse() if tree.root else ():
        reader.read(node)
    return reader.items


class _Reader:
    """The state of a pass over the tree."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._scopes: dict[int, Item] = {}
        self._properties = 0
        self._characters = 0

    def read(self, node: LexborNode) -> None:
        parent = node.parent
        scope = self._scopes.get(parent.mem_id) if parent is not None else None
        names = (node.attributes.get("itemprop") or "")[:MAX_NAMES_CHARACTERS].split()
        if "itemscope" in node.attributes:
            item: Item = {"@type": (node.attributes.get("itemtype") or "").split()}
            self._scopes[node.mem_id] = item
            self._add(scope, names, item)
            if scope is None or not names:
                self.items.append(item)
            return
        if scope is not None:
            self._scopes[node.mem_id] = scope
            if names and self._characters < MAX_CHARACTERS:
                self._add(scope, names, self._value(node))

    def _add(self, scope: Item | None, names: list[str], value: object) -> None:
        self._properties += len(names)
        if scope is None or self._properties > MAX_PROPERTIES:
            return
        for name in names:
            if name in scope:
                known = scope[name]
                scope[name] = [*(known if isinstance(known, list) else [known]), value]
            else:
                scope[name] = value

    def _value(self, node: LexborNode) -> str:
        """The value of an element's property. Shops put `content` on any element."""
        attribute = _VALUE_ATTRIBUTES.get(node.tag or "", "content")
        stated = node.attributes.get("content") or node.attributes.get(attribute)
        text = stated or node.text(separator=" ")
        self._characters += len(text)
        return " ".join(text[:MAX_TEXT_CHARACTERS].split())


@dataclass(frozen=True)
class Markup:
    """The page's products and offers in document order, and its flat OpenGraph properties."""

    products: tuple[Node, ...]
    offers: tuple[Node, ...]
    page: Mapping[str, str]
    nodes: tuple[Node, ...] = ()  # of every type, without parts of a product and outer pages
    trails: tuple[Node, ...] = ()  # of categories

    def has_page_type(self, *names: str) -> bool:
        """Whether the markup calls the page, or something on it, one of `names`."""
        return any(self.of_type(*names))

    def of_type(self, *names: str) -> Iterator[Node]:
        """The nodes that have one of these types."""
        return (node for node in self.nodes if has_type(node, *names))


def read_markup(tree: LexborHTMLParser) -> Markup:
    """All product markup of a page; empty if it has none that can be read."""
    roots = [*_linked_data(tree), *read_items(tree)]
    found = list(islice(_walk(roots, depth=0), MAX_NODES))
    return Markup(
        products=tuple(node for node, _ in found if has_type(node, *_PRODUCT_TYPES)),
        offers=tuple(node for node, _ in found if has_type(node, "Offer", "AggregateOffer")),
        page=_page_properties(tree),
        nodes=tuple(node for node, is_part in found if not is_part),
        trails=tuple(node for node, _ in found if has_type(node, "BreadcrumbList")),
    )


def has_type(node: Node, *names: str) -> bool:
    """Whether a type of the node is among `names`.

    Types come as `Product`, `schema:Product`, `https://schema.org/Product`, or a list of them.
    """
    given = as_list(node.get("@type")) + as_list(node.get("additionalType"))
    kinds = (kind for kind in given[:MAX_TYPES] if isinstance(kind, str))
    return any(re.split(r"[/#:]", kind[-MAX_TYPE_CHARACTERS:])[-1] in names for kind in kinds)


def as_list(value: object) -> list[Any]:
    """The value as a list: markup writes a single value without one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _linked_data(tree: LexborHTMLParser) -> Iterator[object]:
    """The JSON of each script. A broken script is left out."""
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
    """Without the comments at both ends."""
    for lead in _LEADS:
        text = text.removeprefix(lead).lstrip()
    if text.startswith("/*"):
        text = text.partition("*/")[2].lstrip()
    if text.endswith("*/"):
        text = text.rpartition("/*")[0].rstrip()
    for tail in _TAILS:
        text = text.removesuffix(tail).rstrip()
    return text


def _walk(value: object, depth: int, *, is_part: bool = False) -> Iterator[tuple[Node, bool]]:
    """Every typed node, outer nodes first; whether it is part of a product, or an outer page."""
    if depth > MAX_JSON_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _walk(entry, depth + 1, is_part=is_part)
    elif isinstance(value, dict):
        if "@type" in value:
            yield value, is_part
            is_part = is_part or has_type(value, *_PRODUCT_TYPES, "BreadcrumbList")
        for key, entry in value.items():
            if key not in _NEIGHBOURS:
                yield from _walk(entry, depth + 1, is_part=is_part or key in _OUTER_PAGES)


def _page_properties(tree: LexborHTMLParser) -> dict[str, str]:
    """The first value of each property: the page's own come before those of embedded parts."""
    page: dict[str, str] = {}
    for meta in tree.css(_PAGE_PROPERTIES):
        name = meta.attributes.get("property") or meta.attributes.get("name") or ""
        content = (meta.attributes.get("content") or "").strip()
        if content:
            page.setdefault(name.lower(), content)
    return page
