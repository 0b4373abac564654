"""Cleans what goes into a language model and checks what comes out of it.

Texts of strangers become data: plain, short and few. A claim of the model that its input does not
support is dropped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workers.insights.documents import Locale
from workers.insights.sentiment.comments import speaks_to_a_model
from workers.writing.figures import (
    TEXTS,
    Figure,
    counted,
    is_part,
    is_pronoun,
    is_told,
    mentions,
    needs_predicate,
    stated,
    statements,
    words_of,
)
from workers.writing.predicates import is_said
from workers.writing.quoting import without_dates

MAX_CHARACTERS = 300  # of one comment: opinions are short, injected instructions are long

# Cc control, Cf invisible and bidi formatting, Co private use, Cs half a surrogate pair.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs"})
# Those of `private.visible`; the test compares them.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

RUN = 5  # words in a row that make a quotation
_WORD = re.compile(r"\w+")
_HANDLE = re.compile(r"(?<!\w)@[\w.]+ ?")
_SENTENCE = re.compile(r"(?<=[.!?\u2026])\s+")
MAX_CLAIM_CHARACTERS = 1000  # of one text: nobody speaks longer lines

_CONTACT = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|io|ru|shop|xyz|link)\b|@\w|\b\w+@\w+"
    r"|\+?\d[\d ()/-]{7,}\d",
    re.IGNORECASE,
)
# Fields that name what a finding is about, and the label of the findings of a section.
_ABOUT = frozenset({"name", "aspect", "hook", "band", "stage"})
_LABELS = {"purchase_intent": "intent", "risks": "risk", "stars": "stars"}


def as_line(text: str, limit: int = MAX_CHARACTERS) -> str:
    """One line of the visible characters: a model must read nothing that a person can't see."""
    seen = (" " if char.isspace() else char for char in text if is_visible(char))
    return " ".join("".join(seen).split())[:limit]


def items_of(texts: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines with ids."""
    return [{"id": name, "text": as_line(text)} for name, text in texts.items()]


def as_data(texts: Mapping[str, str]) -> str:
    """The lines as JSON with ids, so that no text can end its own string."""
    return json.dumps({"items": items_of(texts)}, ensure_ascii=False)


def as_told(text: str, limit: int) -> str:
    """A text of strangers for the prose model: without handles, and without sentences that speak to
    a model or name a contact.
    """
    sentences = _SENTENCE.split(_HANDLE.sub("", as_line(text, 4 * limit)))
    kept = [each for each in sentences if not speaks_to_a_model(each) and is_clean(each)]
    return " ".join(kept)[:limit]


def runs_of(texts: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Each `RUN` words in a row, which nobody may quote."""
    found = set()
    for text in texts:
        words = _WORD.findall(text.casefold())
        found |= {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
    return frozenset(found)


def is_clean(text: str) -> bool:
    """Whether it is short and names no contact, and a person sees all of it."""
    return (
        len(text) <= MAX_CLAIM_CHARACTERS
        and _CONTACT.search(text) is None
        and all(is_visible(char) for char in text)
    )


def is_visible(char: str) -> bool:
    """Whether a person sees the character, or the space that it is."""
    return char.isspace() or not (
        unicodedata.category(char) in _INVISIBLE_CATEGORIES or _INVISIBLE.match(char)
    )


class Claim(Protocol):
    """A text of the model, with the ids of its evidence."""

    @property
    def evidence_ids(self) -> list[str]:
        """As the model gave them."""

    def texts(self) -> Iterable[str]:
        """All texts that would be shown."""


IsFree = Callable[[Figure], bool]  # whether a figure needs no evidence


@dataclass(frozen=True)
class Stated:
    """What one evidence or text states: figures, the words said of them, and the labels."""

    figures: frozenset[Figure]
    words: frozenset[str]
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ground:
    """What a claim may state: figures of the evidence that it cites, and of given texts.

    A figure that counts is bound to what its source says of it: see `predicates`.
    """

    by_evidence: Mapping[str, Stated]
    given: tuple[Stated, ...]
    names: frozenset[str] = frozenset()
    locale: Locale = "en"
    days: tuple[str, ...] = ()  # dates that a claim may name, such as 2026-11-05
    quotations: frozenset[tuple[str, ...]] = frozenset()  # of strangers: see `runs_of`
    values: frozenset[str] = frozenset()  # numbers of the product's name and facts, and of `days`

    @classmethod
    def of(
        cls,
        findings: Mapping[str, Mapping[str, object]],
        evidence: Iterable[Mapping[str, Any]],
        texts: Iterable[str] = (),
        figures: Iterable[Figure] = (),
        *,
        locale: Locale = "en",
        names: Iterable[str] = (),
        lines: Iterable[tuple[str, Iterable[str]]] = (),
        days: Iterable[str] = (),
        quotations: frozenset[tuple[str, ...]] = frozenset(),
    ) -> Ground:
        """`findings` are sections by document. What `texts` state, every claim may repeat.

        `lines` say, in the claims' language, what evidence of these ids states. `names` are those
        of the product: no predicate. `locale` is the language of the claims and of the evidence;
        findings are in English.
        """
        kinds_by_id: dict[str, str] = {}
        figures_by_id: dict[str, set[Figure]] = {}
        words_by_id: dict[str, set[str]] = {}
        labels_by_id: dict[str, set[str]] = {}
        for item in evidence:
            name, paraphrase = item["id"], item["paraphrase"]
            kinds_by_id[name] = item["kind"]
            figures_by_id[name] = {*mentions(paraphrase, locale), *counted(item["n"], item["kind"])}
            words_by_id[name] = {*words_of(paraphrase, locale)}
            labels_by_id[name] = {item.get("label") or ""}
        for section, finding in _findings(findings):
            ids = [name for name in _cited(finding) if name in figures_by_id]
            stated_figures = set(stated(section, finding, (kinds_by_id[name] for name in ids)))
            told = {word for text in _told(finding) for word in words_of(text)}
            for name in ids:
                figures_by_id[name] |= stated_figures
                words_by_id[name] |= told
                labels_by_id[name] |= {str(finding.get("kind")), _LABELS.get(section, "")}
        for line, cited in lines:
            for name in figures_by_id.keys() & set(cited):
                figures_by_id[name] |= {*mentions(line, locale)}
                words_by_id[name] |= {*words_of(line, locale)}
        by_id = {
            name: Stated(
                frozenset(figures_by_id[name]),
                frozenset(words_by_id[name]),
                frozenset(labels_by_id[name]),
            )
            for name in figures_by_id
        }
        given = [
            Stated(frozenset(mentions(text, locale)), frozenset(words_of(text, locale)))
            for text in texts
        ]
        given.append(Stated(frozenset(figures), frozenset()))
        named = frozenset(word for name in names for word in words_of(name, locale))
        days = tuple(days)
        dated = {str(int(part)) for day in days for part in day.split("-")[::2]}
        values = {figure.value for each in given for figure in each.figures} | dated
        return cls(by_id, tuple(given), named, locale, days, quotations, frozenset(values))

    def figures(self, evidence_ids: Iterable[str] = ()) -> frozenset[Figure]:
        """What a claim that cites this evidence may state."""
        none: frozenset[Figure] = frozenset()
        return none.union(*(source.figures for source in self._sources(evidence_ids)))

    def _sources(self, evidence_ids: Iterable[str]) -> list[Stated]:
        cited = (self.by_evidence.get(name) for name in evidence_ids)
        return [*(source for source in cited if source is not None), *self.given]

    def holds(self, claim: Claim, is_free: IsFree | None = None) -> bool:
        """Whether the claim cites known evidence and each of its texts is allowed."""
        cited = set(claim.evidence_ids)
        return self.cites(cited) and all(
            self.allows(text, cited, is_free) for text in claim.texts()
        )

    def cites(self, evidence_ids: Iterable[str]) -> bool:
        """Whether there is evidence, all of it known."""
        cited = set(evidence_ids)
        return bool(cited) and cited <= self.by_evidence.keys()

    def allows(
        self, text: str, evidence_ids: Iterable[str] = (), is_free: IsFree | None = None
    ) -> bool:
        """Whether it is short, names no contact, and says of known figures what is known.

        With `is_free` some figures need no evidence; nor does "half a face", then.
        """
        sources = self._sources(evidence_ids)
        told = without_dates(text, self.days, self.locale)
        return self.is_own(text) and all(
            any(self._says(source, figure, words) for source in sources)
            or (is_free is not None and (is_free(figure) or is_part(figure, told, self.locale)))
            for figure, words in statements(told, self.locale)
        )

    def is_own(self, text: str) -> bool:
        """Whether it is clean and quotes nobody."""
        return is_clean(text) and not runs_of([text]) & self.quotations

    def is_stated(self, figure: Figure) -> bool:
        """Whether the product's facts or a date have the number: "3 channels", "on the 18th"."""
        return is_pronoun(figure) or (figure.value in self.values and not is_told(figure))

    def _says(self, source: Stated, figure: Figure, words: Sequence[str]) -> bool:
        if figure not in source.figures:
            return False
        return not needs_predicate(figure) or is_said(
            words, source.words | self.names, source.labels, self.locale
        )


def _findings(
    documents: Mapping[str, Mapping[str, object]],
) -> Iterable[tuple[str, Mapping[str, object]]]:
    """Each finding with the name of its section."""
    for document in documents.values():
        for section, value in document.items():
            entries = value if isinstance(value, list | tuple) else [value]
            yield from ((section, entry) for entry in entries if isinstance(entry, Mapping))


def _told(finding: Mapping[str, object]) -> Iterable[str]:
    """The texts of a finding, and the names of what it is about."""
    for key, value in finding.items():
        if isinstance(value, str) and key in TEXTS | _ABOUT:
            yield value


def _cited(finding: Mapping[str, Any]) -> Sequence[str]:
    single = finding.get("evidence_id")
    return finding.get("evidence_ids") or ([single] if single else [])
