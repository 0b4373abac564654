"""How deep a page nests its elements, told from its text without parsing it.

Building the tree takes time in the square of that depth: a few megabytes of `<div>` would hold a
worker for hours.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_DEPTH = 5000  # a third of a second; of 64 real shop pages none counts to 500

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# They never stay open: void elements, and those that the next of their kind closes.
_VOID = "area base br col embed hr img input link meta source track wbr"
_CLOSED_BY_THE_NEXT = "p li dt dd td th tr thead tbody tfoot option optgroup colgroup"
_ONCE = "html head body"
_NOT_NESTING = frozenset(f"{_VOID} {_CLOSED_BY_THE_NEXT} {_ONCE}".split())


def is_too_deep(html: str) -> bool:
    """Opened less closed, for each name: a closing tag of another name closes nothing.

    Scripts and self-closed drawings count as well, hence the high limit.
    """
    opened: Counter[str] = Counter()
    depth = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _NOT_NESTING:
            continue
        step = -min(opened[name], 1) if tag[1] else 1
        opened[name] += step
        depth += step
        if depth > MAX_DEPTH:
            return True
    return False
