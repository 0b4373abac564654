"""What a document's claims rest on. Paraphrases are in our words, never in the sources'.

A source item appears as a keyed hash: one item, one ref, and no way back. A link names no person:
TikTok's own carries the handle, its player's does not. A finished document is checked: every id it
cites exists, and every finding cites one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from workers.insights.documents import Evidence, Grounding

_TIKTOK_VIDEO = re.compile(r"/video/(\w{6,40})/?$", re.ASCII)

Kind = Literal["comment", "review", "video", "product_fact", "benchmark"]

PARAPHRASE_LIMIT = 140

# Fields that state a finding; one that is not null needs evidence beside it.
_NUMBERS = ("value", "net", "share", "ratio", "percentile", "mentions")


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """`kind` keeps a video and a comment with the same platform id apart.

    A plain hash would not do: handles are few enough to try them all.
    """
    # JSON may hold half a surrogate pair; it counts as any other character.
    message = f"{kind}\x1f{identifier}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:24]


def public_link(url: str | None) -> str | None:
    """A link fit to be stored and shown, or nothing."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if host == "tiktok.com" or host.endswith(".tiktok.com"):
        video = _TIKTOK_VIDEO.search(parts.path)
        return f"https://www.tiktok.com/player/v1/{video[1]}" if video else None
    return None


class EvidenceLog:
    """Hands out ids e1, e2, …; the same evidence asked for twice keeps its id."""

    def __init__(self, ref_key: bytes) -> None:
        self._ref_key = ref_key
        self._items: dict[tuple[str, str, tuple[str, ...]], Evidence] = {}

    def add(
        self,
        kind: Kind,
        paraphrase: str,
        refs: Iterable[str],
        *,
        label: str | None = None,
        url: str | None = None,
    ) -> str:
        """One entry for all `refs` together: `n` says how many, `pseudonym` names the set."""
        members = tuple(sorted(set(refs)))
        if not members:
            raise ValueError("evidence needs a source")
        key = (kind, paraphrase, members)
        if key not in self._items:
            self._items[key] = Evidence(
                id=f"e{len(self._items) + 1}",
                kind=kind,
                paraphrase=shorten(paraphrase),
                n=len(members),
                label=label,
                url=public_link(url),
                pseudonym=pseudonym(self._ref_key, "evidence", "|".join(members)),
            )
        return self._items[key].id

    def items(self) -> tuple[Evidence, ...]:
        return tuple(self._items.values())


def shorten(text: str) -> str:
    return text if len(text) <= PARAPHRASE_LIMIT else text[: PARAPHRASE_LIMIT - 1] + "…"


class UngroundedError(Exception):
    """A document cites what is not there: a bug here, never something to publish."""


def check(content: Mapping[str, Any], evidence: Sequence[Evidence]) -> Grounding:
    """`content` is the document's findings as JSON. Raises rather than publish a broken claim."""
    known = {item.id for item in evidence}
    claims = list(_claims(content))
    unknown = sorted({cited for claim in claims for cited in claim.cited if cited not in known})
    if unknown:
        raise UngroundedError(f"cited, not there: {', '.join(unknown)}")
    bare = [claim.name for claim in claims if claim.states_a_number and not claim.cited]
    if bare:
        raise UngroundedError(f"a number without evidence: {', '.join(bare)}")
    cited = sum(bool(claim.cited) for claim in claims)
    return Grounding(claims=cited, cited=cited, verified=cited, dropped=0)


def cited_ids(content: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(cited for claim in _claims(content) for cited in claim.cited)


@dataclass(frozen=True, slots=True)
class _Claim:
    name: str
    cited: tuple[str, ...]
    states_a_number: bool


def _claims(value: object, name: str = "document") -> Iterator[_Claim]:
    """Every object with `evidence_ids` or `evidence_id`, however deep."""
    if isinstance(value, Mapping):
        if "evidence_ids" in value or "evidence_id" in value:
            cited = (*value.get("evidence_ids", ()), *_single(value.get("evidence_id")))
            number = any(value.get(key) is not None for key in _NUMBERS)
            yield _Claim(name, cited, number)
        for key, inner in value.items():
            yield from _claims(inner, str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _claims(inner, name)


def _single(cited: object) -> tuple[str, ...]:
    return (cited,) if isinstance(cited, str) else ()
