"""Phrases that name what people praise, complain of, or ask for. A closed list, read by hand.

Examples and vectors find more in any language. Phrases find less, and err less: each list carries
the share of its hits that were right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from workers.insights.vocabulary import read_resource, whole_words

# Right before a phrase these turn it round, or make it a wish or a condition.
_NEGATION = re.compile(
    r"(?:\b(?:not|no|never|nothing|nobody|without|hardly|barely|less|isn.?t|wasn.?t|aren.?t|don.?t"
    r"|doesn.?t|didn.?t|won.?t|can.?t|couldn.?t|should|would|could|if|wish\w*|unless|anything but"
    r"|rather than|instead of|pas|ni|sans|non|niente|nicht|kein\w*|nie|ohne|sin|sem|nunca|não|no"
    r"|supposed to|so-called|as|more|was hoping)\b|n['\u2019]t\b)(?:\W+\w+){0,2}\W*$",
    re.IGNORECASE,
)
_BEFORE = 45  # characters in which a negation is looked for


@dataclass(frozen=True, slots=True)
class Phrases:
    """Patterns by name and kind."""

    patterns: Mapping[tuple[str, str], re.Pattern[str]]

    def find(self, text: str) -> Iterator[tuple[str, str]]:
        """Names and kinds that a text has, each once."""
        for key, pattern in self.patterns.items():
            if any(not self._is_turned(text, found.start()) for found in pattern.finditer(text)):
                yield key

    @staticmethod
    def _is_turned(text: str, start: int) -> bool:
        return bool(_NEGATION.search(text[max(0, start - _BEFORE) : start]))


@cache
def phrases_of(resource: str) -> Phrases:
    """The phrases of a resource file: a table per name, with lists per kind."""
    return Phrases(
        {
            (name, kind): whole_words(listed)
            for name, kinds in read_resource(resource).items()
            for kind, listed in kinds.items()
        }
    )
