"""Where on a page an element stands: with the product, or in a part about something else."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_STEPS = 80  # elements and texts of one element
MAX_LEVELS = 12  # what lies further out wraps the whole page
_NAMING = ("id", "class", "itemprop", "data-testid")
_SILENT_TAGS = frozenset({"script", "style", "template", "noscript", "svg"})
_FOREIGN_TAGS = frozenset({"del", "s", "strike", "nav", "footer", "header", "aside"})
_FOREIGN_NAMES = re.compile(
    r"relat|recommend|similar|also|upsell|cross|carousel|slider|swiper|recent|viewed|accessor|bundle"
    r"|basket|minicart|mini-cart|cart-|footer|header|menu|navi|compar|sponsor|suggest|teaser|tile"
    r"|card|grid|listing|compact|review|modal|popup|shipping|delivery|bitrec",
    re.IGNORECASE,
)


def called(node: LexborNode) -> str:
    """Every name that the page gives an element."""
    attributes = node.attributes
    return " ".join(attributes.get(key) or "" for key in _NAMING)


def foreign(node: LexborNode) -> float:
    """0 where nothing says that the element belongs to another part, up to 6 where much does."""
    score = 0.0
    parent, levels = node.parent, 0
    while parent is not None and levels < MAX_LEVELS:
        score += 3.0 if parent.tag in _FOREIGN_TAGS else 0.0
        score += 2.0 if _FOREIGN_NAMES.search(called(parent)) else 0.0
        parent, levels = parent.parent, levels + 1
    return min(score, 6.0)


def is_hidden(node: LexborNode) -> bool:
    """Whether a page keeps the element from sight, by itself or by what it stands in."""
    current: LexborNode | None = node
    levels = 0
    while current is not None and levels < MAX_LEVELS:
        attributes = current.attributes
        style = (attributes.get("style") or "").replace(" ", "").lower()
        if "hidden" in attributes or "display:none" in style or "visibility:hidden" in style:
            return True
        current, levels = current.parent, levels + 1
    return False


def short_text(node: LexborNode, longest: int) -> str | None:
    """What an element shows, in one line; None if that is longer, or not found in a few steps.

    A page may nest thousands of elements: reading the whole text of each would take for ever.
    """
    parts: list[str] = []
    waiting = [node]
    steps = 0
    while waiting:
        current = waiting.pop()
        steps += 1
        if current.tag == "-text":
            parts.append(current.text())
        elif current.tag not in _SILENT_TAGS:
            children = list(islice(current.iter(include_text=True), MAX_STEPS))
            waiting += reversed(children)
        if steps + len(waiting) > MAX_STEPS:
            return None
    text = " ".join(" ".join(parts).split())
    return text if len(text) <= longest else None
