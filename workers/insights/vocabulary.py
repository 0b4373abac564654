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
    """`noun` completes "people talk about …"; `good` and `bad` "it …"; `demo` is a shot."""

    noun: str
    good: str
    bad: str
    demo: str


@dataclass(frozen=True, slots=True)
class RiskWords:
    title: str
    pattern: re.Pattern[str]


def read_resource(name: str) -> dict[str, Any]:
    text = files("workers.insights").joinpath("resources", name).read_text("utf-8")
    return tomllib.loads(text)


def _anywhere(signals: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(signals), re.IGNORECASE)


_RAW = read_resource("vocabulary.toml")
ASPECTS: dict[str, AspectWords] = {
    name: AspectWords(raw["noun"], raw["good"], raw["bad"], raw["demo"])
    for name, raw in _RAW["aspects"].items()
}
RISKS: dict[str, RiskWords] = {
    name: RiskWords(raw["title"], _anywhere(raw["signals"])) for name, raw in _RAW["risks"].items()
}
OBJECTION = _anywhere(_RAW["signals"]["objection"])
DESIRE = _anywhere(_RAW["signals"]["desire"])

_TITLES: dict[ThemeKind, str] = {
    "praise": "People praise it: it {good}",
    "pain": "People complain: it {bad}",
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
    words = words_of(aspect)
    return _TITLES[kind].format(good=words.good, bad=words.bad, noun=words.noun)


def words_of(aspect: str | None) -> AspectWords:
    """Of a theme's aspect. KeyError for `OVERALL` and for a theme outside the vocabulary."""
    return ASPECTS[aspect or OVERALL]
