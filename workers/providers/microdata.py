"""HTML microdata of a page, as far as products need it: scopes, properties, nesting.

One pass in document order: an element's scope is its parent's unless it opens one itself. What
`itemref` points to is left out, as almost nobody uses it.
"""

from __future__ import annotations

from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.providers.item_fields import MAX_TEXT_CHARACTERS

MAX_PROPERTIES = 5000
MAX_NAMES_CHARACTERS = 500  # of one element's properties
MAX_CHARACTERS = 2_000_000  # read from all properties together: nested ones repeat their texts

# Where the value of a property stands, by element; elsewhere it is the text.
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


def read_items(tree: LexborHTMLParser) -> list[Item]:
    """The outermost items with the items inside them, as JSON-LD would have them."""
    reader = _Reader()
    for node in tree.root.traverse() if tree.root else ():
        reader.read(node)
    return reader.items


class _Reader:
    """Where a pass has come to."""

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
        """A `content` counts on every element: shops write it where the standard has none."""
        attribute = _VALUE_ATTRIBUTES.get(node.tag or "", "content")
        stated = node.attributes.get("content") or node.attributes.get(attribute)
        text = stated or node.text(separator=" ")
        self._characters += len(text)
        return " ".join(text[:MAX_TEXT_CHARACTERS].split())
