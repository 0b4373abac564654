"""What kind of remark a comment is and what it speaks of, as another reader than ours labelled it.

The words are the closed vocabulary's, so an odd comment can only choose among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workers.insights.sentiment_shapes import ThemeKind


@dataclass(frozen=True, slots=True)
class Remark:
    """`aspect` is a key of the vocabulary; None where none fits."""

    kind: ThemeKind | None
    aspect: str | None
    wants_to_buy: bool


Remarks = Mapping[str, Remark]  # by the comment's ref
