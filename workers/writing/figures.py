"""Numbers with their units: those that findings state, and those that a text mentions.

A number alone proves nothing: digits of an id, a date or a list would support any statistic. A
mention holds if a figure has the same value and unit and, for "8 of 120", the same whole.
The words of units and numbers are English, as the prose is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in one spelling; `of` is the whole of "8 of 120"."""

    value: str
    unit: str
    of: str | None = None


# Fields of a finding, by its section. COUNTED takes the kind of the evidence as its unit.
COUNTED = "counted"
NET, SHARE, TIMES, POINT, STAR, POST = "net", "%", "time", "point", "star", "post"
FIELDS: dict[str, dict[str, str]] = {
    "overall": {
        "net": NET,
        "ci95": NET,
        "n": COUNTED,
        "positive": "% positive",
        "neutral": "% neutral",
        "negative": "% negative",
    },
    "aspects": {"mentions": COUNTED, "net": NET, "ci95": NET},
    "themes": {"share": SHARE, "n": COUNTED},
    "purchase_intent": {"share": SHARE, "ci95": SHARE, "n": COUNTED},
    "risks": {"n": COUNTED},
    "stars": {"mean": STAR, "n": "review"},
    "stands_out": {
        "value": POINT,
        "interval": POINT,
        "ratio": TIMES,
        "ratio_interval": TIMES,
        "n": POST,
    },
    "comparables": {"ratio": TIMES, "ratio_interval": TIMES, "duration_s": "second"},
    "retention": {"n": POST},
    "openings": {"product_first_s": "second", "n": POST},
    "video": {"product_first_s": "second", "at_s": "second", "from_s": "second", "to_s": "second"},
}
# Our own sentences; what they state may be repeated.
TEXTS = frozenset({"paraphrase", "text", "title", "basis", "basis_text", "why", "proof", "promise"})
_KINDS = {"comment": "comment", "review": "review", "video": POST, "benchmark": POST}

_UNITS = {
    "comment": "comments people person viewers viewer commenters opinions mentions",
    "review": "reviews reviewers",
    POST: "posts videos video clips clip",
    "creator": "creators authors",
    "second": "seconds sec secs s",
    "hour": "hours h hrs",
    "day": "days",
    "minute": "minutes min mins",
    "view": "views",
    TIMES: "times x \u00d7 fold",
    POINT: "points score scores scored",
    STAR: "stars rating rated",
    NET: "net",
    "USD": "$ dollars dollar",
    "EUR": "\u20ac euros euro",
    "GBP": "\u00a3 pounds pound",
    "JPY": "\u00a5 yen",
    "INR": "\u20b9 rupees rupee",
}
_UNIT_OF = {
    word: unit for unit, words in _UNITS.items() for word in (unit.casefold(), *words.split())
}
_MONEY_SIGNS = {"$", "\u20ac", "\u00a3", "\u00a5", "\u20b9"}
_NAMED_BEFORE = frozenset({NET, POINT, STAR})  # "a net of", "a score of", "rated"
_SKIPPED = frozenset({"of", "the", "these", "those", "all", "its", "other", "is", "are", "was"})
_PERCENT = frozenset({"%", "percent", "pct"})
_WINDOW = 3
_LONGEST_LIST = 3  # numbers that share the unit of the last one

# Spelled numbers. The vague ones equal no field, so a claim with one never holds.
_SPELLED = {
    word: str(value)
    for value, words in {
        0: "zero", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight",
        9: "nine", 10: "ten", 11: "eleven", 12: "twelve dozen", 13: "thirteen", 14: "fourteen",
        15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen", 19: "nineteen",
        20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy",
        80: "eighty", 90: "ninety", 100: "hundred", 1000: "thousand", 1_000_000: "million",
    }.items()
    for word in words.split()
}  # fmt: skip
_VAGUE = frozenset({
    "half", "halves", "third", "thirds", "quarter", "quarters", "twice", "thrice", "double",
    "doubles", "doubled", "triple", "triples", "tripled", "tens", "dozens", "hundreds",
    "thousands", "millions", "billion", "billions", "trillion", "trillions", "quadruple",
    "quadruples", "quadrupled", "quintuple", "quintuples", "quintupled", "majority", "minority",
    "fifth", "fifths", "sixth", "sixths", "seventh", "sevenths", "eighth", "eighths", "ninth",
    "ninths", "tenth", "tenths",
})  # fmt: skip
_TOKEN = re.compile(r"(?P<number>[0-9]+(?:[.,][0-9]+)*)|(?P<word>[^\W\d_]+)|(?P<other>\S)")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")
_BETWEEN = frozenset({"to", "and", "or", *_DASHES})


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    is_number: bool
    is_glued: bool  # no space before it

    @property
    def is_word(self) -> bool:
        return not self.is_number and self.text[0].isalpha()


def stated(section: str, finding: Mapping[str, object], kinds: Iterable[str]) -> Iterator[Figure]:
    """The named fields of one finding. `kinds` are those of its evidence."""
    units = FIELDS.get(section, {})
    nouns = {_KINDS[kind] for kind in kinds if kind in _KINDS}
    for key, value in _leaves(finding):
        if isinstance(value, str):
            if key in TEXTS:
                yield from mentions(value)
        elif key in units:
            yield from _forms(value, units[key], nouns)


def counted(n: int, kind: str) -> Iterator[Figure]:
    """How many items an evidence has."""
    if kind in _KINDS:
        yield Figure(str(n), _KINDS[kind])


def money(amount: object, currency: str | None) -> Iterator[Figure]:
    """A stated price. Without its currency it could be taken for any other."""
    if currency:
        yield Figure(_normal(f"{amount}"), currency.upper())


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, str | float]]:
    """Scalars with the name of the field that holds them, in lists and inner objects, too."""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in {"evidence_ids", "evidence_id"}:
                yield from _leaves(inner, str(name))
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _leaves(inner, key)


def _forms(value: float, unit: str, nouns: Iterable[str]) -> Iterator[Figure]:
    """The spellings in which a field may be quoted: counts exactly, measures also rounded."""
    if unit == COUNTED:
        yield from (Figure(_normal(f"{value}"), noun) for noun in nouns)
    elif unit.startswith(SHARE):
        named = [unit] if unit != SHARE else []
        for places in (0, 1):
            percent = _normal(f"{value * 100:.{places}f}")
            yield from (Figure(percent, name) for name in (*named, *map("% of {}".format, nouns)))
    elif unit == POINT:
        points = _normal(f"{value}")
        yield Figure(points, POINT)
        yield from (Figure(points, name, "100") for name in (POINT, ""))
    elif unit == STAR:
        mean = _normal(f"{value:.1f}")
        yield from (Figure(mean, STAR), Figure(mean, STAR, "5"), Figure(mean, "", "5"))
    elif unit in {POST, "creator", "review"}:
        yield Figure(_normal(f"{value}"), unit)
    else:
        fewest = 1 if unit == NET else 0
        yield from (Figure(_signed(f"{value:.{each}f}"), unit) for each in range(fewest, 3))


def mentions(text: str) -> list[Figure]:
    """Each number of a text with its unit, as far as the words around it tell."""
    tokens = list(_tokens(text))
    found: list[Figure] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        whole = _whole(tokens, place)
        if whole is not None and (token.is_number or token.text.casefold() == "one"):
            figure = Figure(_value(tokens, place), _unit(tokens, whole), _value(tokens, whole))
            found.append(figure)
            place = whole
        elif token.is_number or _is_measured_one(tokens, place):
            found.append(Figure(_value(tokens, place), _unit(tokens, place)))
        place += 1
    return found


def _is_measured_one(tokens: Sequence[_Token], place: int) -> bool:
    """The "one" of "one percent" and "one star"; else it is mostly a pronoun."""
    measure = next((_UNIT_OF.get(word, word) for word in _words(tokens[place + 1 :])), "")
    is_measure = measure in _PERCENT or measure in {STAR, POINT, "USD", "EUR", "GBP"}
    return tokens[place].text.casefold() == "one" and is_measure


def _tokens(text: str) -> Iterator[_Token]:
    folded = "".join(map(_folded, text))
    end = 0
    for match in _TOKEN.finditer(folded):
        word = match[0]
        plain = word.casefold()
        is_number = (
            match["number"] is not None
            or plain in _SPELLED
            or plain in _VAGUE
            or (plain.endswith("fold") and plain.removesuffix("fold") in _SPELLED)
            or any(unicodedata.numeric(char, None) is not None for char in word)
        )
        yield _Token(word, is_number, match.start() == end and end > 0)
        end = match.end()


def _folded(char: str) -> str:
    """Every script's digits as ours; another numeral stays as it is, and no field equals it."""
    number = unicodedata.decimal(char, None)
    if number is not None:
        return str(number)
    return char if unicodedata.category(char)[0] == "N" else unicodedata.normalize("NFKC", char)


def _whole(tokens: Sequence[_Token], place: int) -> int | None:
    """The place of the 120 in "8 of 120", "8 out of the 120", "8 in 120" and "8/120"."""
    after = place + 1
    words = [token.text.casefold() for token in tokens[after : after + 4]]
    if words[:2] == ["out", "of"]:
        after += 2
    elif words[:1] in (["of"], ["in"], ["/"]):
        after += 1
    else:
        return None
    while after < len(tokens) and tokens[after].text.casefold() in {"the", "every", "all"}:
        after += 1
    return after if after < len(tokens) and tokens[after].is_number else None


def _value(tokens: Sequence[_Token], place: int) -> str:
    text = tokens[place].text.casefold()
    value = _SPELLED.get(text) or (_normal(text) if text[0].isdecimal() else text)
    return f"-{value}" if _is_negative(tokens, place) and value != "0" else value


def _is_negative(tokens: Sequence[_Token], place: int) -> bool:
    if place == 0:
        return False
    sign = tokens[place - 1]
    if sign.text.casefold() == "minus":
        return True
    is_inside = sign.is_glued and place > 1 and not _is_mark(tokens[place - 2])
    return sign.text in _DASHES and tokens[place].is_glued and not is_inside


def _is_mark(token: _Token) -> bool:
    return not (token.is_number or token.is_word)


def _unit(tokens: Sequence[_Token], place: int) -> str:
    """The nearest name of a unit: beside the number, after it, or in front of it."""
    after: Sequence[_Token] = ()
    for _number in range(_LONGEST_LIST):
        after = tokens[place + 1 : place + 8]
        beside = _unit_in_front(tokens, place) or _unit_behind(after)
        if beside:
            return beside
        if not after or after[0].text.casefold() not in _BETWEEN:
            break
        other = next((n for n in (1, 2) if n < len(after) and after[n].is_number), None)
        if other is None:
            break
        place += other + 1  # in "3 to 13 %" the 3 has the unit of the 13
    following = _words(after)
    known = next((_UNIT_OF[word] for word in following if word in _UNIT_OF), None)
    return known or _unit_before(tokens, place) or (_named(following[0]) if following else "")


def _unit_in_front(tokens: Sequence[_Token], place: int) -> str | None:
    """The currency of "$25" and "USD 25"; the letters of "B12", which are no unit of ours."""
    before = tokens[place - 1] if place else None
    if before is None:
        return None
    if before.text in _MONEY_SIGNS or _is_currency(before.text):
        return _UNIT_OF.get(before.text, before.text)
    return f"{before.text.casefold()}#" if before.is_word and tokens[place].is_glued else None


def _unit_behind(after: Sequence[_Token]) -> str | None:
    """The unit of "7 %", "25 USD", "500ml" and "4.6-star"."""
    if not after:
        return None
    first = after[0]
    if first.text.casefold() in _PERCENT:
        return _of_percent(after[1:])
    if first.text in _MONEY_SIGNS or _is_currency(first.text):
        return _UNIT_OF.get(first.text, first.text)
    if first.is_glued and first.is_word:
        return _named(first.text)
    if len(after) > 1 and first.text in _DASHES and first.is_glued and after[1].is_word:
        return _named(after[1].text)
    return None


def _unit_before(tokens: Sequence[_Token], place: int) -> str | None:
    """In "a score of 74, from 61 to 83", the score's for all three."""
    for token in reversed(tokens[max(place - 12, 0) : place]):
        word = token.text.casefold()
        if word in {".", ";", "!", "?"}:
            return None
        if _UNIT_OF.get(word) in _NAMED_BEFORE:
            return _UNIT_OF[word]
    return None


def _words(after: Sequence[_Token]) -> list[str]:
    """The next words of the same clause, without articles."""
    found = []
    for token in after:
        if not token.is_word or token.is_number:
            break
        if token.text.casefold() not in _SKIPPED:
            found.append(token.text.casefold())
    return found[:_WINDOW]


def _of_percent(after: Sequence[_Token]) -> str:
    """A share names its whole: a share of comments is none of buyers, and no discount."""
    words = _words(after)
    if not words:
        return SHARE
    is_share = after[0].text.casefold() == "of"
    return f"% of {_named(words[0])}" if is_share else f"% {words[0]}"


def _is_currency(word: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]{3}", word))


def _named(word: str) -> str:
    plain = word.casefold()
    return _UNIT_OF.get(plain) or (plain.removesuffix("s") or plain)


def _signed(number: str) -> str:
    plain = _normal(number.removeprefix("-"))
    return f"-{plain}" if number.startswith("-") and plain != "0" else plain


def _normal(number: str) -> str:
    """One spelling for `1,200`, `1200` and `1200.0`."""
    if _GROUPED.fullmatch(number):
        number = re.sub(r"[.,]", "", number)
    plain = number.replace(",", ".")
    whole, _point, rest = plain.partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")
