"""Replaces what PostgreSQL refuses in a text: U+0000 and halves of surrogate pairs."""

from __future__ import annotations

import re

_REPLACEMENT = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# The same in JSON of ASCII. The group takes other escapes and whole pairs, which stay.
_ESCAPE = re.compile(
    r"(\\[^u]|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|\\u0000|\\ud[89a-f][0-9a-f]{2}"
)


def storable(text: str) -> str:
    """The text with U+FFFD in place of each character that PostgreSQL refuses."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def storable_json(document: str) -> str:
    """The output of `json.dumps` with U+FFFD in place of each escape that PostgreSQL refuses."""
    if "\\u0000" not in document and "\\ud" not in document:
        return document
    return _ESCAPE.sub(lambda match: match[1] or "\\ufffd", document)
