"""Reads materials, sizes and colours of a product as words of ours and as numbers with a unit.

Pages name them in many languages. The tables below translate them, so no text of a page gets out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_EACH = 4  # materials, sizes or colours of a product
MAX_READ_CHARACTERS = 4000  # of a description

# Our word, and the words of pages in English, German, French, Spanish, Portuguese, Italian, Dutch,
# Polish. Some entries lack some languages.
_MATERIALS = {
    "cotton": "cotton baumwolle coton algodón algodão cotone katoen bawełna bomull",
    "wool": "wool wolle schurwolle laine lana lã wol wełna",
    "linen": "linen leinen lin lino linho linnen len",
    "silk": "silk seide soie seda seta zijde jedwab",
    "leather": "leather leder cuir cuero couro pelle cuoio skóra",
    "polyester": "polyester poliéster poliestere poliester",
    "nylon": "nylon polyamide polyamid poliamida poliammide",
    "elastane": "elastane elasthan élasthanne elastano elastan spandex",
    "viscose": "viscose viskose viscosa wiskoza",
    "steel": "steel edelstahl stahl acier acero aço acciaio staal rvs stal",
    "aluminium": "aluminium aluminum aluminio alumínio alluminio",
    "brass": "brass messing laiton latón latão ottone",
    "copper": "copper kupfer cuivre cobre rame koper miedź",
    "wood": "wood holz bois madera madeira legno hout drewno",
    "oak": "oak eiche chêne roble carvalho rovere eik",
    "bamboo": "bamboo bambus bambou bambú bambu bamboe",
    "glass": "glass glas verre vidrio vidro vetro szkło borosilicate borosilikatglas",
    "ceramic": "ceramic keramik céramique cerámica cerâmica ceramica keramiek",
    "stoneware": "stoneware steinzeug steingut grès gres",
    "porcelain": "porcelain porzellan porcelaine porcelana porcellana porselein",
    "plastic": "plastic kunststoff plastik plastique plástico plastica plastiek",
    "polypropylene": "polypropylene polypropylen polypropylène polipropileno polipropilene",
    "polycarbonate": "polycarbonate polycarbonat policarbonato",
    "silicone": "silicone silikon silicona",
    "rubber": "rubber gummi caoutchouc caucho goma borracha gomma",
    "paper": "paper papier papel carta",
    "stone": "stone stein pierre piedra pedra pietra steen granite granit marble marmor",
    "rattan": "rattan ratán rattã",
    "velvet": "velvet samt velours terciopelo veludo velluto fluweel",
    "down": "daunen duvet plumón",
}
_COLOURS = {
    "black": "black schwarz schwarze noir noire negro negra preto preta nero nera zwart czarny",
    "white": "white weiß weiss blanc blanche blanco blanca branco branca bianco bianca wit biały",
    "grey": "grey gray grau gris cinza grigio grijs szary anthracite anthrazit",
    "red": "red rot rouge rojo roja vermelho vermelha rosso rossa rood czerwony",
    "blue": "blue blau bleu bleue azul blu blauw niebieski navy marine",
    "green": "green grün vert verte verde groen zielony olive",
    "yellow": "yellow gelb jaune amarillo amarilla amarelo amarela giallo geel żółty",
    "orange": "orange naranja laranja arancione oranje pomarańczowy",
    "pink": "pink rosa rose roze różowy",
    "purple": "purple violet violett lila morado roxo viola paars",
    "brown": "brown braun marron brun marrón castanho marrom marrone bruin brązowy",
    "beige": "beige sand taupe cream creme crème crema camel",
    "silver": "silver silber argent plata plateado prata argento zilver srebrny",
    "gold": "gold doré dorado dourado oro goud złoty",
    "turquoise": "turquoise türkis turquesa turchese",
}
_CLOTHES = frozenset(["XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL"])

_KINDS = {
    "materials": re.compile(
        r"material|matière|matéria|materia|stoff|tissu|tejido|tessuto|fabric|obermat", re.IGNORECASE
    ),
    "colours": re.compile(r"colou?r|farbe|couleur|colore|\bcor\b|kleur|kolor", re.IGNORECASE),
    "sizes": re.compile(
        r"\bsize|dimension|größe|taille|talla|tamaño|tamanho|taglia|maat|abmessung|maße|volum"
        r"|capacit|fassungsverm|contenance|inhalt|weight|gewicht|poids|\bpeso|height|width|depth"
        r"|length|diameter|höhe|breite|tiefe|länge|hauteur|largeur|longueur|altura|ancho|largura",
        re.IGNORECASE,
    ),
}
_AMOUNT = r"\d{1,5}(?:[.,]\d{1,3})?"
_UNIT = (
    r"ml|mL|ML|cl|cL|CL|l|L|fl oz|oz|mg|g|kg|KG|lbs?|mm|cm|CM|m|inch(?:es)?|litres?|liters?|Liter"
)
_SIZE = re.compile(
    rf"(?<![\w.,])({_AMOUNT}(?:\s*[x×]\s*{_AMOUNT}){{0,2}})\s*({_UNIT})(?![\w²³/])", re.ASCII
)
# 18"w x 3"d x 18"h, also with a backslash before the sign.
_INCHES = re.compile(
    rf"(?<![\d.,])({_AMOUNT})\\?[\"\u2033]\s*[a-z]?\s*[x×]\s*({_AMOUNT})\\?[\"\u2033]\s*[a-z]?"
    rf"(?:\s*[x×]\s*({_AMOUNT})\\?[\"\u2033])?",
    re.IGNORECASE,
)
_UNITS = {"litre": "l", "litres": "l", "liter": "l", "liters": "l", "lbs": "lb", "inches": "inch"}
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Details:
    """Each in the order in which the page states them."""

    materials: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()


def _table(words: dict[str, str]) -> dict[str, str]:
    return {foreign: ours for ours, written in words.items() for foreign in written.split()}


_MATERIAL_OF, _COLOUR_OF = _table(_MATERIALS), _table(_COLOURS)
# Where a description speaks of the product's own material: "100 % cotton", "made of oak".
_MADE_OF = re.compile(
    r"(?:\d{1,3}\s*%\s*|\b(?:made (?:of|from|out of)|(?:hergestellt |gefertigt )?aus|fabriqué en"
    r"|hecho de|hecha de|feito de|feita de|fatto (?:di|in)|gemaakt van)\s+)"
    r"((?:[^\W\d_]+\s+)?[^\W\d_]+)",
    re.IGNORECASE,
)
_BEHIND_COMMA = re.compile(r"[,(/|\u2013-]\s*([^,(/|]+)")
# A choice, or something that only looks like the material.
_NOT_MEANT = re.compile(r"\b(?:select|choose|eco|faux|imitation|vegan|synthetic)\b", re.IGNORECASE)
_IS_OWN_SIZE = re.compile(r"×|(ml|cl|l|oz)$")


def read_details(name: str, stated: Iterable[tuple[str, str]], description: str | None) -> Details:
    """`stated` are labels and values of the page's own tables and markup, in any language.

    Of the description only "made of …", volumes and dimensions count: it also speaks of what the
    product is for. Of the name only numbers with a unit count, and colours after a comma.
    """
    found: dict[str, list[str]] = {"materials": [], "sizes": [], "colours": []}
    for label, value in stated:
        kind = next((kind for kind, pattern in _KINDS.items() if pattern.search(label)), None)
        if kind == "materials":
            found[kind] += _known(value, _MATERIAL_OF)
        elif kind == "colours":
            found[kind] += _known(value, _COLOUR_OF)
        elif kind == "sizes":
            found[kind] += _sizes(value) or [value] * (value in _CLOTHES)
    words = (description or "")[:MAX_READ_CHARACTERS]
    found["materials"] += _known(" ".join(_MADE_OF.findall(words)), _MATERIAL_OF)
    found["colours"] += _known(" ".join(_BEHIND_COMMA.findall(name)), _COLOUR_OF)
    found["sizes"] += _sizes(name)
    found["sizes"] += [size for size in _sizes(words) if _IS_OWN_SIZE.search(size)]
    return Details(**{kind: tuple(dict.fromkeys(got))[:MAX_EACH] for kind, got in found.items()})


def is_told(row: tuple[str, str]) -> bool:
    """Whether a row of a page names materials or the one colour that is shown."""
    label, value = row
    if _NOT_MEANT.search(value):
        return False
    return any(_KINDS[kind].search(label) for kind in ("materials", "colours"))


def _known(value: str, table: dict[str, str]) -> list[str]:
    words = map(str.casefold, _WORD.findall(value[:MAX_READ_CHARACTERS]))
    return [table[word] for word in words if word in table]


def _sizes(value: str) -> list[str]:
    """Numbers with a unit, written in one way: "20 × 30 cm"."""
    read = value[:MAX_READ_CHARACTERS]
    return [
        *(
            f"{_one_way(amount)} {_UNITS.get(unit.lower(), unit.lower())}"
            for amount, unit in _SIZE.findall(read)
        ),
        *(f"{_one_way(' x '.join(filter(None, sides)))} inch" for sides in _INCHES.findall(read)),
    ]


def _one_way(amount: str) -> str:
    return re.sub(r"\s*[x×]\s*", " × ", amount).replace(",", ".")
