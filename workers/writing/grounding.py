"""Cleans what goes into a language model and checks what comes out of it.

Texts of strangers become data: plain, short and few. A claim of the model that its input does not
support is dropped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from workers.insights.documents import Locale
from workers.writing.figures import Figure, counted, mentions, stated

MAX_CHARACTERS = 300  # of one comment: opinions are short, injected instructions are long

# Cc control, Cf invisible and bidi formatting, Co private use, Cs half a surrogate pair.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})

MAX_CLAIM_CHARACTERS = 1000  # of one text: nobody speaks longer lines

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


def items_of(texts: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines with ids."""
    return [{"id": name, "text": as_line(text)} for name, text in texts.items()]


def as_data(texts: Mapping[str, str]) -> str:
    """The lines as JSON with ids, so that no text can end its own string."""
    return json.dumps({"items": items_of(texts)}, ensure_ascii=False)


def is_clean(text: str) -> bool:
    """Whether it is short and names no contact, and a person sees all of it."""
    unclean = _CONTACT.search(text) or _INVISIBLE.search(text)
    return len(text) <= MAX_CLAIM_CHARACTERS and unclean is None


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
    """What a claim may state: the figures of the evidence it cites, and those of given texts."""

    by_evidence: Mapping[str, frozenset[Figure]]
    always: frozenset[Figure]
    locale: Locale = "en"

    @classmethod
    def of(
        cls,
        findings: Mapping[str, Mapping[str, object]],
        evidence: Iterable[Mapping[str, Any]],
        texts: Iterable[str] = (),
        figures: Iterable[Figure] = (),
        locale: Locale = "en",
    ) -> Ground:
        """`findings` are sections by document. What `texts` state, every claim may repeat.

        `locale` is the language of the claims and of the evidence; findings are in English.
        """
        kinds: dict[str, str] = {}
        by_evidence: dict[str, set[Figure]] = {}
        for item in evidence:
            kinds[item["id"]] = item["kind"]
            by_evidence[item["id"]] = {
                *mentions(item["paraphrase"], locale),
                *counted(item["n"], item["kind"]),
            }
        for section, finding in _findings(findings):
            ids = [name for name in _cited(finding) if name in by_evidence]
            said = set(stated(section, finding, (kinds[name] for name in ids)))
            for name in ids:
                by_evidence[name] |= said
        always = {*figures, *(figure for text in texts for figure in mentions(text, locale))}
        by_id = {name: frozenset(said) for name, said in by_evidence.items()}
        return cls(by_id, frozenset(always), locale)

    def figures(self, evidence_ids: Iterable[str] = ()) -> frozenset[Figure]:
        """What a claim that cites this evidence may state."""
        return self.always.union(*(self.by_evidence.get(name, ()) for name in evidence_ids))

    def holds(self, claim: Claim) -> bool:
        """Whether the claim cites known evidence and each of its texts is allowed."""
        cited = set(claim.evidence_ids)
        if not cited or not cited <= self.by_evidence.keys():
            return False
        return all(self.allows(text, cited) for text in claim.texts())

    def allows(self, text: str, evidence_ids: Iterable[str] = ()) -> bool:
        """Whether it is short, names no contact, and states only known figures."""
        known = self.figures(evidence_ids)
        return is_clean(text) and known.issuperset(mentions(text, self.locale))


def keep(claims: Iterable[AnyClaim], ground: Ground) -> list[AnyClaim]:
    """The claims that hold, in their order."""
    return [claim for claim in claims if ground.holds(claim)]


def _findings(
    documents: Mapping[str, Mapping[str, object]],
) -> Iterable[tuple[str, Mapping[str, object]]]:
    """Each finding with the name of its section."""
    for document in documents.values():
        for section, value in document.items():
            entries = value if isinstance(value, list | tuple) else [value]
            yield from ((section, entry) for entry in entries if isinstance(entry, Mapping))


def _cited(finding: Mapping[str, Any]) -> Sequence[str]:
    single = finding.get("evidence_id")
    return finding.get("evidence_ids") or ([single] if single else [])
