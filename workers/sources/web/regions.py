"""Tells whether an element of a page is about the product or about something else."""

from __future__ import annotations

import re
from itertools import islice

from selectolax.lexbor import LexborNode

MAX_STEPS = 80  # elements and texts in one element
MAX_LEVELS = 12  # outer elements; those further out wrap the whole page
MAX_NAME_CHARACTERS = 500  # read of each name
MAX_STYLE_CHARACTERS = 2000
MAX_TEXT_CHARACTERS = 20_000  # of one text in an element
_HIDING = ("display:none", "visibility:hidden")
_NAMING = ("id", "class", "itemprop", "data-testid")
_SILENT_TAGS = frozenset({"script", "style", "template", "noscript", "svg"})
_FOREIGN_TAGS = frozenset({"del", "s", "strike", "nav", "footer", "header", "aside"})
_FOREIGN_NAMES = re.compile(
    r"relat|recommend|similar|also|upsell|cross|carousel|slider|swiper|recent|viewed|accessor|bundle"
    r"|basket|minicart|mini-cart|cart-|footer|header|menu|navi|compar|sponsor|suggest|teaser|tile"
    r"|card|grid|listing|compact|review|modal|popup|shipping|delivery|bitrec",
    re.IGNORECASE,
)


class Regions:
    """The regions of one parsed page.

    Each element's attributes are read once: an element around thousands may have megabytes of them.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._scores: dict[int, float] = {}
        self._hidden: dict[int, bool] = {}

    def called(self, node: LexborNode) -> str:
        """The names that the page gives an element, joined."""
        known = self._names.get(node.mem_id)
        if known is None:
            attributes = node.attributes
            given = ((attributes.get(key) or "")[:MAX_NAME_CHARACTERS] for key in _NAMING)
            known = self._names[node.mem_id] = " ".join(given)
        return known

    def foreign(self, node: LexborNode) -> float:
        """0 to 6: how much the outer elements say that this one is about something else."""
        score = 0.0
        parent, levels = node.parent, 0
        while parent is not None and levels < MAX_LEVELS:
            score += self._score(parent)
            parent, levels = parent.parent, levels + 1
        return min(score, 6.0)

    def _score(self, node: LexborNode) -> float:
        known = self._scores.get(node.mem_id)
        if known is None:
            known = 3.0 if node.tag in _FOREIGN_TAGS else 0.0
            known += 2.0 if _FOREIGN_NAMES.search(self.called(node)) else 0.0
            self._scores[node.mem_id] = known
        return known

    def is_hidden(self, node: LexborNode) -> bool:
        """Whether the page hides the element or one around it."""
        current: LexborNode | None = node
        levels = 0
        while current is not None and levels < MAX_LEVELS:
            if self._hides(current):
                return True
            current, levels = current.parent, levels + 1
        return False

    def _hides(self, node: LexborNode) -> bool:
        known = self._hidden.get(node.mem_id)
        if known is None:
            attributes = node.attributes
            style = (attributes.get("style") or "")[:MAX_STYLE_CHARACTERS]
            style = style.replace(" ", "").lower()
            known = "hidden" in attributes or any(way in style for way in _HIDING)
            self._hidden[node.mem_id] = known
        return known


def short_text(node: LexborNode, longest: int) -> str | None:
    """The text of an element in one line; None if it is longer than `longest`.

    Also None after MAX_STEPS: a page may nest thousands of elements, each with all of the text.
    """
    parts: list[str] = []
    waiting = [node]
    steps = 0
    while waiting:
        current = waiting.pop()
        steps += 1
        if current.tag == "-text":
            part = current.text()
            if len(part) > MAX_TEXT_CHARACTERS:
                return None
            parts.append(part)
        elif current.tag not in _SILENT_TAGS:
            children = list(islice(current.iter(include_text=True), MAX_STEPS))
            waiting += reversed(children)
        if steps + len(waiting) > MAX_STEPS:
            return None
    text = " ".join(" ".join(parts).split())
    return text if len(text) <= longest else None
