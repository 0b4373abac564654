"""Where on a page an element stands: with the product, or in a part about something else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_LEVELS = 12  # what lies further out wraps the whole page
_NAMING = ("id", "class", "itemprop", "data-testid")
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
