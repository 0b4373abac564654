"""Reads what a product's page states in rows of a label and a value: power, noise, warranty, ….

A row counts if its label has a known word and its value is a number with the unit that belongs to
it. So no text of a page gets out. specs.toml has the words and units of most kinds; those of times,
warranties and batteries are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.insights.inputs import Spec, SpecKind
from workers.insights.vocabulary import read_resource

MAX_ROWS = 200
MAX_SPECS = 8
MAX_LABEL, MAX_VALUE = 60, 120

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
_RUNTIME = re.compile(
    r"battery life|run ?time|(?:akku|batterie)?laufzeit|autonom[iy]|autonom[íi]a", re.IGNORECASE
)
_CHARGING = re.compile(
    r"charging time|ladezeit|tempo de carga|temps de charge|tiempo de carga|tempo di ricarica",
    re.IGNORECASE,
)
_WARRANTY_LABEL = re.compile(r"garant|warrant|guarantee|gwaranc", re.IGNORECASE)
_BATTERIES = re.compile(r"(?:batter|pile)\w*.{0,12}(?:inclu|enthalten)", re.IGNORECASE)
_NO = re.compile(r"(?:no|nein|non|n[ãa]o)\W*$", re.IGNORECASE)
_UNITS = {
    "watt": "W", "watts": "W", "w": "W", "kw": "kW", "kg": "kg", "g": "g", "lbs": "lb",
    "pounds": "lb", "кг": "kg",
    "kilogrammes": "kg", "gramm": "g", "grammes": "g", "db": "dB", "atm": "ATM",
}  # fmt: skip
_SIDES = re.compile(
    r"^(?:width|height|depth|length|breite|h[öo]he|tiefe|l[äa]nge|largeur|hauteur|profondeur"
    r"|longueur|ancho|alto|largo|largura|altura|comprimento|profundidade|larghezza|altezza"
    r"|profondit[àa]|lunghezza)\s*:?$",
    re.IGNORECASE,
)
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
        if side is not None and _SIDES.match(label):
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
                if kind != "load" or unit:
                    yield Spec(kind, number.replace(",", "."), _UNITS.get(unit.lower(), unit))
    if _RUNTIME.search(label) or _CHARGING.search(label):
        minutes = _minutes(value)
        if minutes:
            yield Spec("runtime" if _RUNTIME.search(label) else "charging", str(minutes), "minute")
    if _WARRANTY_LABEL.search(label):
        hit = _WARRANTY.search(value)
        if hit is not None:
            yield Spec("warranty", hit[1], str(hit.lastgroup))
    if _BATTERIES.search(label) and _NO.match(value):
        yield Spec("batteries", "0", "")


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
