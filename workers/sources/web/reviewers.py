"""Tells reviewers apart by the names that shops show."""

from __future__ import annotations

import re

from workers.insights.evidence import pseudonym

# Names that many people share.
_SHARED = re.compile(
    r"\W*(an? )?(anonym\w*|unknown|guest|gast|customer|kunde|client[ea]?|buyer|n/?a"
    r"|(verified|amazon|google|ebay|shop) (customer|buyer|user|reviewer)|)\W*",
    re.IGNORECASE,
)


def reviewer(name: str, ref_key: bytes) -> str | None:
    """The pseudonym of a reviewer; None for a name that tells nobody apart."""
    return None if _SHARED.fullmatch(name) else pseudonym(ref_key, "author", name)
