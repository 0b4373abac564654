"""What a document's claims rest on. Paraphrases are in our words, never in the sources'.

A keyed hash stands for each collected item. Nobody can get from the hash to the item. Links go to
TikTok's player: unlike links to a post, they have no handle. `check` proves a finished document:
each cited id exists, and each number cites one.
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

# Fields that state a number. One that is not null needs evidence ids beside it.
_NUMBERS = ("value", "net", "share", "ratio", "percentile", "mentions")


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """The keyed hash of an item. `kind` parts a video from a comment with the same id.

    Without a key, trying all handles would find the one behind a hash.
    """
    # JSON may hold half a surrogate pair; it counts as any other character.
    message = f"{kind}\x1f{identifier}".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:24]


def public_link(url: str | None) -> str | None:
    """The link that may be stored and shown: TikTok's player of a video. None for all others."""
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
    """Gives evidence the ids e1, e2, … The same evidence keeps its id."""

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
    """Cut between words: half a number would be another one."""
    if len(text) <= PARAPHRASE_LIMIT:
        return text
    kept = text[: PARAPHRASE_LIMIT - 1]
    if text[PARAPHRASE_LIMIT - 1] != " " and " " in kept:
        kept = kept.rsplit(" ", 1)[0]
    return kept.rstrip() + "…"


class UngroundedError(Exception):
    """A document cites missing evidence, or states a number without any: a bug of ours."""


def check(content: Mapping[str, Any], evidence: Sequence[Evidence]) -> Grounding:
    """Checks the findings of a document, as JSON. Raises UngroundedError."""
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
    """Each object with `evidence_ids` or `evidence_id`, at any depth."""
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
