"""Checks a finished document: every id it cites exists, and every finding cites one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.insights.shapes import Evidence, Grounding

# Fields that state a finding; one that is not null needs evidence beside it.
_NUMBERS = ("value", "net", "share", "lift", "outlier_ratio", "mentions")


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
