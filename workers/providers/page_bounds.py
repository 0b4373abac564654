"""Whether a page is small enough to be parsed, told from its text in one pass.

Building the tree takes time in the square of a tag's attributes, of a list's options and of the
depth: a few megabytes would hold a worker for hours. Real shop pages stay a tenth below each bound.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_TAGS = 150_000  # of 64 real shop pages the largest has 32,000
MAX_DEPTH = 1000  # none of them counts to 500
MAX_OPTIONS = 10_000
MAX_ATTRIBUTE_SQUARES = 20_000_000  # over all tags: one tag of 4,400, or 5,000 tags of 60
MAX_REOPENED = 2_000_000  # elements that unclosed letters (<b>, <font …>) make of later tags

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+=?[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?)?"""
)
# They never stay open: void elements, and those that the next of their kind closes.
_VOID = "area base br col embed hr img input link meta source track wbr"
_CLOSED_BY_THE_NEXT = "p li dt dd td th tr thead tbody tfoot option optgroup colgroup"
_ONCE = "html head body"
_NOT_NESTING = frozenset(f"{_VOID} {_CLOSED_BY_THE_NEXT} {_ONCE}".split())
# Left open in one paragraph, they are opened again in each that follows.
_LETTERS = frozenset(
    ("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)


def is_readable(html: str) -> bool:
    """False where parsing could take more than a second or two.

    Opened less closed, for each name, is the depth: a closing tag of another name closes nothing.
    Scripts and comments count as well, hence the high bounds.
    """
    if html.count("<") > MAX_TAGS:
        return False
    opened: Counter[str] = Counter()
    depth = letters = most_letters = squares = of_root = position = options = 0
    while tag := _TAG.search(html, position):
        is_end, name = bool(tag[1]), tag[2][:40].lower()
        position = tag.end()
        attributes = 0
        while attribute := _ATTRIBUTE.match(html, position):
            attributes += 1
            position = attribute.end()
            if attributes**2 > MAX_ATTRIBUTE_SQUARES:
                return False
        if name in {"html", "body"}:  # there is one of each: what later ones say is added to it
            of_root += attributes
        squares += attributes**2
        options += name == "option"
        if name not in _NOT_NESTING:
            step = -min(opened[name], 1) if is_end else 1
            opened[name] += step
            depth += step
            letters += step if name in _LETTERS else 0
            most_letters = max(most_letters, letters)
        if depth > MAX_DEPTH or squares + of_root**2 > MAX_ATTRIBUTE_SQUARES:
            return False
    return options <= MAX_OPTIONS and most_letters * html.count("<") <= MAX_REOPENED
