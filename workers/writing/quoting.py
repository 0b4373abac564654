"""Statistics in a model's prose: it names a finding, and the finding's own sentence is put there.

`{f2}` stands for the text of the draft's second finding, `{e7}` for that of an evidence. So a
number is always told in our words. Any other number of the prose is checked by `Ground`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.insights.documents import Locale
from workers.insights.pack.words import words_in

_PLACE = re.compile(r"[{\[(]\s*([ef][1-9]\d{0,3})\s*[}\])]")
# The next part of a series, in the languages of packs.
_SEQUEL = re.compile(
    r"\b(part|parte|partie|teil)\s+(?:[2-9]|two|three|dos|tres|dois|duas|tr\u00eas|deux|trois|zwei|drei)\b",
    re.IGNORECASE,
)
_END = (".", "!", "?", "…", ":")


@dataclass(frozen=True)
class Quotable:
    """What may stand in place of an id, and the evidence that it brings along."""

    text: str
    evidence_ids: tuple[str, ...]


Quotables = Mapping[str, Quotable]


def quotables(
    evidence: Iterable[Mapping[str, Any]], findings: Iterable[Mapping[str, Any]]
) -> dict[str, Quotable]:
    """By id: the paraphrases of the evidence, and the draft's findings.

    Posts are no sentences; the pack lists them.
    """
    found = {
        item["id"]: Quotable(item["paraphrase"], (item["id"],))
        for item in evidence
        if item["kind"] != "video"
    }
    return found | {
        finding["id"]: Quotable(finding["text"], tuple(finding["evidence_ids"]))
        for finding in findings
    }


def quoted(text: str, known: Quotables) -> str:
    """The text with the sentences of its ids; an unknown id leaves nothing."""

    def sentence(match: re.Match[str]) -> str:
        found = known.get(match[1])
        if found is None:
            return ""
        said = found.text.strip()
        if text[match.end() :].lstrip().startswith((".", "!", "?", ",", ";", ":")):
            return said.rstrip(".")
        return said if said.endswith(_END) else f"{said}."

    return re.sub(r" {2,}", " ", _PLACE.sub(sentence, text)).strip()


def without_places(text: str) -> str:
    """What the model itself says."""
    return _PLACE.sub(" ", text)


def named_in(texts: Iterable[str], known: Quotables) -> list[str]:
    """The evidence that the texts bring along by their ids."""
    ids = [match[1] for text in texts for match in _PLACE.finditer(text)]
    return [name for each in ids if each in known for name in known[each].evidence_ids]


def without_dates(text: str, days: Sequence[str], locale: Locale) -> str:
    """The text without the dates of these days, such as 2020-11-05, and without "part two"."""
    text = _SEQUEL.sub(lambda match: match[1], text)
    for day in days:
        year, month, number = (int(part) for part in day.split("-"))
        name = re.escape(words_in(locale).say(f"months.m{month}"))
        before = rf"\b0?{number}(?:er|st|nd|rd|th|\.)?\s+(?:de\s+|of\s+)?{name}"
        after = rf"{name}\s+0?{number}(?:st|nd|rd|th)?\b"
        of_year = rf"(?:,?\s+(?:de\s+|of\s+)?{year}\b)?"
        text = re.sub(rf"(?:{before}|{after}){of_year}", name, text, flags=re.IGNORECASE)
    return text
