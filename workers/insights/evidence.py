"""What a document's claims rest on. Paraphrases are in our words, never in the sources'."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from workers.insights.links import public_link
from workers.insights.refs import source_ref
from workers.insights.shapes import Evidence

Kind = Literal["comment", "review", "video", "product_fact", "benchmark"]

PARAPHRASE_LIMIT = 140


class EvidenceLog:
    """Hands out ids e1, e2, …; the same evidence asked for twice keeps its id."""

    def __init__(self, ref_key: bytes) -> None:
        self._ref_key = ref_key
        self._items: dict[tuple[str, str], Evidence] = {}

    def add(
        self,
        kind: Kind,
        paraphrase: str,
        refs: Iterable[str],
        *,
        label: str | None = None,
        url: str | None = None,
    ) -> str:
        """One entry for all `refs` together: `n` says how many, `source_ref` names the set."""
        members = sorted(set(refs))
        if not members:
            raise ValueError("evidence needs a source")
        key = (kind, paraphrase)
        if key not in self._items:
            self._items[key] = Evidence(
                id=f"e{len(self._items) + 1}",
                kind=kind,
                paraphrase=_shorten(paraphrase),
                n=len(members),
                label=label,
                url=public_link(url),
                source_ref=source_ref(self._ref_key, "evidence", "|".join(members)),
            )
        return self._items[key].id

    def items(self) -> tuple[Evidence, ...]:
        return tuple(self._items.values())


def _shorten(text: str) -> str:
    return text if len(text) <= PARAPHRASE_LIMIT else text[: PARAPHRASE_LIMIT - 1] + "…"
