"""Reads what a product's page states in rows of a label and a value: power, noise, warranty, ….

A row counts if its label has a known word and its value is a number with the unit that belongs to
it. So no text of a page gets out. specs.toml has the words and units of most kinds, spec_words.toml
those of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.insights.inputs import Spec, SpecKind
from workers.insights.vocabulary import read_resource

MAX_ROWS = 200
MAX_SPECS = 10
MAX_LABEL, MAX_VALUE = 60, 120
MAX_NODES, MAX_LINES = 3000, 200

_NUMBER = r"(\d{1,5}(?:[.,]\d{1,3})?)"
_DURATION = re.compile(
    r"(?:(\d{1,3})\s*(?:h\b|hours?|stunden|std|heures?|horas?|ore)\W{0,2})?"
    r"(?:(\d{1,3})\s*(?:m\b|min\w*))?",
    re.IGNORECASE,
)
_DURATION_H = re.compile(r"(\d{1,2})h(\d{1,2})", re.IGNORECASE)
_WARRANTY = re.compile(
    r"(\d{1,3})\s*[- ]?(?:(?P<year>years?|jahre?n?|ans?|años?|anos?|anni|lat\w*)"
    r"|(?P<month>months?|monate?n?|mois|mes(?:es)?|mesi|kuud)"
    r"|(?P<day>days?|tage?n?|jours?|d[ií]as?|giorni))\b",
    re.IGNORECASE,
)
# Each kind has the words of its labels, and the value that it takes.
_KINDS = {
    cast("SpecKind", kind): (
        re.compile("|".join(raw["labels"]), re.IGNORECASE),
        re.compile(raw["value"].replace("{number}", _NUMBER), re.IGNORECASE),
    )
    for kind, raw in read_resource("specs.toml").items()
}
_WORDS = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in read_resource("spec_words.toml").items()
}
_UNITS = {
    "watt": "W", "watts": "W", "w": "W", "kw": "kW", "kg": "kg", "g": "g", "lbs": "lb",
    "pounds": "lb", "кг": "kg",
    "kilogrammes": "kg", "gramm": "g", "grammes": "g", "db": "dB", "atm": "ATM",
}  # fmt: skip
_SIDE = re.compile(rf"^{_NUMBER}\s*(mm|cm|m)$")


def rows_of(tree: LexborHTMLParser) -> list[tuple[str, str]]:
    """Label and value of the tables with two columns, and of lists of definitions."""
    found: list[tuple[str, str]] = []
    for row in tree.css("table tr")[: MAX_ROWS * 2]:
        cells = row.css("th,td")
        if len(cells) == 2:
            found.append((_line(cells[0]), _line(cells[1])))
    for listed in tree.css("dl")[:MAX_ROWS]:
        pairs = zip(listed.css("dt"), listed.css("dd"), strict=False)
        found += [(_line(label), _line(value)) for label, value in pairs]
    return [
        (label, value)
        for label, value in found[:MAX_ROWS]
        if 0 < len(label) <= MAX_LABEL and 0 < len(value) <= MAX_VALUE
    ]


def lines_of(tree: LexborHTMLParser) -> list[tuple[str, str]]:
    """Label and value of lines like "Weight capacity: 110 kg", and lines that have no value.

    Links are left out: they lead to other products.
    """
    found: dict[str, None] = {}
    for node in tree.css("li,p,dd,td,div")[:MAX_NODES]:
        if _is_link(node):
            continue
        is_block = node.css_first("li,p,dd,td,div,script,style") is not None
        for line in node.text(deep=not is_block, separator="\n").splitlines()[:MAX_LINES]:
            shown = " ".join(line.split()).lstrip("-\u2013\u2022* ")
            if 0 < len(shown) <= MAX_LABEL + MAX_VALUE:
                found.setdefault(shown)
    pairs = (line.partition(":") for line in found)
    return [(label[:MAX_LABEL].strip(), value.strip()) for label, _, value in pairs]


def _is_link(node: LexborNode) -> bool:
    """Whether a node stands in a link, or holds nothing but one."""
    parent: LexborNode | None = node
    while parent is not None:
        if parent.tag == "a":
            return True
        parent = parent.parent
    return False


def is_auction(tree: LexborHTMLParser) -> bool:
    """Whether the page has a button by which visitors bid."""
    buttons = tree.css("button,a,input[type=submit],[role=button]")[:MAX_NODES]
    return any(
        _WORDS["bid"].fullmatch(_line(each) or each.attributes.get("value") or "")
        for each in buttons
    )


def read_specs(rows: Iterable[tuple[str, str]]) -> tuple[Spec, ...]:
    """The first of each kind, in the order of the page."""
    found: dict[SpecKind, Spec] = {}
    for label, value in rows:
        for spec in _of_row(label, value):
            found.setdefault(spec.kind, spec)
    return tuple(found.values())[:MAX_SPECS]


def read_sides(rows: Iterable[tuple[str, str]]) -> str | None:
    """Width, height and depth in one size, if the rows state two or three of them."""
    sides: dict[str, tuple[str, str]] = {}
    for label, value in rows:
        side = _SIDE.match(value)
        if side is not None and _WORDS["sides"].match(label):
            sides.setdefault(label.lower(), (side[1].replace(",", "."), side[2]))
    units = {unit for _, unit in sides.values()}
    if not 2 <= len(sides) <= 3 or len(units) != 1:
        return None
    return f"{' × '.join(amount for amount, _ in sides.values())} {units.pop()}"


def _of_row(label: str, value: str) -> Iterator[Spec]:
    for kind, (name, amount) in _KINDS.items():
        if name.search(label):
            hit = amount.search(value)
            if hit is not None:
                number, unit = next((hit[n], hit[n + 1]) for n in (1, 3) if hit[n] is not None)
                unit = unit or ("kg" if kind == "load" and "kg" in label.lower() else "")
                if kind == "load" and _WORDS["per_side"].search(label):
                    yield Spec(
                        "load_side", number.replace(",", "."), _UNITS.get(unit.lower(), unit)
                    )
                elif kind != "load" or unit:
                    yield Spec(kind, number.replace(",", "."), _UNITS.get(unit.lower(), unit))
    yield from _of_times(label, value)
    yield from _of_answers(label, value)


def _of_times(label: str, value: str) -> Iterator[Spec]:
    """Run times, charging times and warranties."""
    if _WORDS["runtime"].search(label) or _WORDS["charging"].search(label):
        minutes = _minutes(value)
        if minutes:
            yield Spec(
                "runtime" if _WORDS["runtime"].search(label) else "charging", str(minutes), "minute"
            )
    if _WORDS["warranty"].search(label):
        hit = _WARRANTY.search(value)
        if hit is not None:
            yield Spec("warranty", hit[1], str(hit.lastgroup))


def _of_answers(label: str, value: str) -> Iterator[Spec]:
    """What the page answers with yes or no."""
    if _WORDS["batteries"].search(label) and _WORDS["no"].match(value):
        yield Spec("batteries", "0", "")
    if _WORDS["no_assembly"].search(label) or (
        _WORDS["assembly"].search(label) and _WORDS["no"].match(value)
    ):
        yield Spec("assembly", "0", "")
    if _WORDS["child_lock"].fullmatch(label) and _WORDS["yes"].match(value):
        yield Spec("childlock", "1", "")


def _minutes(value: str) -> int:
    short = _DURATION_H.search(value)
    if short is not None:
        return 60 * int(short[1]) + int(short[2])
    for hit in _DURATION.finditer(value):
        if hit[1] or hit[2]:
            return 60 * int(hit[1] or 0) + int(hit[2] or 0)
    return 0


def _line(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())
