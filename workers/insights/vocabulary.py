"""The closed vocabulary for what people say about products.

Documents describe comments in its words and never quote them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from workers.insights.documents import ThemeKind

OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class AspectWords:
    """`noun` completes "people talk about …"; `good` and `bad` are sentences about the product."""

    noun: str
    good: str
    bad: str


@dataclass(frozen=True, slots=True)
class RiskWords:
    title: str
    pattern: re.Pattern[str]


def read_resource(name: str) -> dict[str, Any]:
    text = files("workers.insights").joinpath("resources", name).read_text("utf-8")
    return tomllib.loads(text)


def whole_words(patterns: Iterable[str]) -> re.Pattern[str]:
    """Any of the patterns, as whole words, whatever their case."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def _anywhere(signals: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(signals), re.IGNORECASE)


_RAW = read_resource("vocabulary.toml")
# The words of English; those of other languages are beside them, and packs read them there.
_WORDS = read_resource("pack/en.toml")
ASPECTS: dict[str, AspectWords] = {
    name: AspectWords(raw["noun"], raw["good"], raw["bad"])
    for name, raw in _WORDS["aspects"].items()
}
RISKS: dict[str, RiskWords] = {
    name: RiskWords(title, _anywhere(_RAW["risks"][name]["signals"]))
    for name, title in _WORDS["risks"].items()
}
OBJECTION = _anywhere(_RAW["signals"]["objection"])
DESIRE = _anywhere(_RAW["signals"]["desire"])

_TITLES: dict[ThemeKind, str] = {
    "praise": "People praise it: {good}",
    "pain": "People complain: {bad}",
    "question": "People ask about {noun}",
    "objection": "People hesitate over {noun}",
    "desire": "People have wishes about {noun}",
}
_OVERALL_TITLES: dict[ThemeKind, str] = {
    "praise": "People like it, without saying why",
    "pain": "People dislike it, without saying why",
    "question": "People ask questions of other kinds",
    "objection": "People hesitate for other reasons",
    "desire": "People have other wishes",
}


def theme_title(kind: ThemeKind, aspect: str) -> str:
    if aspect == OVERALL:
        return _OVERALL_TITLES[kind]
    words = ASPECTS[aspect]
    return _TITLES[kind].format(good=words.good, bad=words.bad, noun=words.noun)
