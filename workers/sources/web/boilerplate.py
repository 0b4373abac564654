"""Tells a page's main content from its boilerplate: menus, footers, carts, recommended products.

Elements say what they are by their tags and by the names that the page gives them (`id`, `class`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborNode

MAX_NODES = 80  # descendants of an element whose text is read: elements and texts
MAX_ANCESTORS = 12  # looked at; ancestors further up wrap the whole page
MAX_NAME_CHARACTERS = 500  # read of each attribute that names an element
MAX_STYLE_CHARACTERS = 2000  # read of a `style` attribute
MAX_TEXT_CHARACTERS = 20_000  # of one text node
MAX_SCORE = 6.0
_HIDING = ("display:none", "visibility:hidden")
_NAMING = ("id", "class", "itemprop", "data-testid")
_SILENT_TAGS = frozenset({"script", "style", "template", "noscript", "svg"})
_BOILERPLATE_TAGS = frozenset({"del", "s", "strike", "nav", "footer", "header", "aside"})
_BOILERPLATE_NAMES = re.compile(
    r"relat|recommend|similar|also|upsell|cross|carousel|slider|swiper|recent|viewed|accessor|bundle"
    r"|basket|minicart|mini-cart|cart-|footer|header|menu|navi|compar|sponsor|suggest|teaser|tile"
    r"|card|grid|listing|compact|review|modal|popup|shipping|delivery|bitrec",
    re.IGNORECASE,
)


class Boilerplate:
    """Scores the elements of one parsed page.

    It reads each element's attributes once and keeps them. A page may put megabytes of attributes
    on an element with thousands of descendants, and each descendant asks for them.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._scores: dict[int, float] = {}
        self._hidden: dict[int, bool] = {}

    def names(self, node: LexborNode) -> str:
        """The element's `id`, `class`, `itemprop` and `data-testid`, joined."""
        known = self._names.get(node.mem_id)
        if known is None:
            attributes = node.attributes
            given = ((attributes.get(key) or "")[:MAX_NAME_CHARACTERS] for key in _NAMING)
            known = self._names[node.mem_id] = " ".join(given)
        return known

    def score(self, node: LexborNode) -> float:
        """From 0 (main content) to MAX_SCORE (boilerplate): the sum over the ancestors.

        A boilerplate tag such as `nav` adds 3. A boilerplate name such as `related` adds 2.
        """
        return min(sum(self._own_score(each) for each in ancestors(node)), MAX_SCORE)

    def _own_score(self, node: LexborNode) -> float:
        known = self._scores.get(node.mem_id)
        if known is None:
            known = 3.0 if node.tag in _BOILERPLATE_TAGS else 0.0
            known += 2.0 if _BOILERPLATE_NAMES.search(self.names(node)) else 0.0
            self._scores[node.mem_id] = known
        return known

    def is_hidden(self, node: LexborNode) -> bool:
        """Whether the page hides the element or one of its ancestors."""
        return self._hides(node) or any(map(self._hides, ancestors(node)))

    def _hides(self, node: LexborNode) -> bool:
        known = self._hidden.get(node.mem_id)
        if known is None:
            attributes = node.attributes
            style = (attributes.get("style") or "")[:MAX_STYLE_CHARACTERS]
            style = style.replace(" ", "").lower()
            known = "hidden" in attributes or any(way in style for way in _HIDING)
            self._hidden[node.mem_id] = known
        return known


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """The nearest MAX_ANCESTORS ancestors, the parent first."""
    parent = node.parent
    for _ in range(MAX_ANCESTORS):
        if parent is None:
            return
        yield parent
        parent = parent.parent


def short_text(node: LexborNode, longest: int) -> str | None:
    """The text of an element in one line; None if it has more than `longest` characters.

    It is None, too, if the element has more than MAX_NODES descendants. So nested elements, each
    with the text of all inner ones, cannot make reading quadratic.
    """
    parts: list[str] = []
    waiting = [node]
    visited = 0
    while waiting:
        current = waiting.pop()
        visited += 1
        if current.tag == "-text":
            part = current.text()
            if len(part) > MAX_TEXT_CHARACTERS:
                return None
            parts.append(part)
        elif current.tag not in _SILENT_TAGS:
            children = list(islice(current.iter(include_text=True), MAX_NODES))
            waiting += reversed(children)
        if visited + len(waiting) > MAX_NODES:
            return None
    text = " ".join(" ".join(parts).split())
    return text if len(text) <= longest else None
