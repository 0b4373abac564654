"""Cleans what goes into a language model and checks what comes out of it.

Texts of strangers become data: plain, short and few. A claim of the model that its input does not
support is dropped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

MAX_CHARACTERS = 300  # of one comment: opinions are short, injected instructions are long

# Cc control, Cf invisible and bidi formatting, Co private use, Cs half a surrogate pair.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})

MAX_CLAIM_CHARACTERS = 1000  # of one text: nobody speaks longer lines

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_CONTACT = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|io|ru|shop|xyz|link)\b|@\w|\b\w+@\w+"
    r"|\+?\d[\d ()/-]{7,}\d",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def as_line(text: str, limit: int = MAX_CHARACTERS) -> str:
    """One line of the visible characters: a model must read nothing that a person can't see."""
    seen = (" " if char.isspace() else char for char in text if _is_seen(char))
    return " ".join("".join(seen).split())[:limit]


def as_data(items: Mapping[str, str]) -> str:
    """The lines as JSON with ids, so that no text can end its own string."""
    lines = [{"id": name, "text": as_line(text)} for name, text in items.items()]
    return json.dumps({"items": lines}, ensure_ascii=False)


def _is_seen(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _UNSEEN


class Claim(Protocol):
    """A text of the model, with the ids of its evidence."""

    @property
    def evidence_ids(self) -> list[str]:
        """As the model gave them."""

    def texts(self) -> Iterable[str]:
        """All texts that would be shown."""


AnyClaim = TypeVar("AnyClaim", bound=Claim)


@dataclass(frozen=True)
class Ground:
    """The evidence and the numbers that a claim may use."""

    evidence_ids: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, findings: Mapping[str, object], evidence_ids: Iterable[str]) -> Ground:
        """A claim may quote each number of the findings, and a share also as percent."""
        return cls(frozenset(evidence_ids), frozenset(_quotable(findings)))

    def holds(self, claim: Claim) -> bool:
        """Whether the claim cites known evidence and each of its texts is allowed."""
        cited = set(claim.evidence_ids)
        if not cited or not cited <= self.evidence_ids:
            return False
        return all(self.allows(text) for text in claim.texts())

    def allows(self, text: str) -> bool:
        """Whether it is short, names no contact, and states only known numbers."""
        if len(text) > MAX_CLAIM_CHARACTERS or _CONTACT.search(text) or _INVISIBLE.search(text):
            return False
        return all(_normal(number) in self.numbers for number in _NUMBER.findall(text))


def keep(claims: Iterable[AnyClaim], ground: Ground) -> list[AnyClaim]:
    """The claims that hold, in their order."""
    return [claim for claim in claims if ground.holds(claim)]


def _quotable(value: object) -> Iterable[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield from (_normal(f"{abs(value):.{places}f}") for places in (0, 1, 2))
        if abs(value) <= 1:
            yield from (_normal(f"{abs(value) * 100:.{places}f}") for places in (0, 1))
    elif isinstance(value, str):
        yield from (_normal(number) for number in _NUMBER.findall(value))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _quotable(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _quotable(inner)


def _normal(number: str) -> str:
    """One spelling for `1,200`, `1200` and `1200.0`."""
    if _GROUPED.fullmatch(number):
        number = re.sub(r"[.,]", "", number)
    plain = number.replace(",", ".")
    whole, _point, rest = plain.partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")
