"""Numbers with their units: those that findings state, and those that a text mentions.

A number alone proves nothing: digits of an id, a date or a list would support any statistic. A
mention holds if a figure has the same value and unit and, for "8 of 120", the same whole.
The words of units and numbers are those of the language of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from workers.insights.documents import Locale
from workers.writing.speech import (
    MEASURES,
    NET,
    PEOPLE,
    POINT,
    POST,
    SHARE,
    SPEECHES,
    STAR,
    TIMES,
    Speech,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in one spelling; `of` is the whole of "8 of 120"."""

    value: str
    unit: str
    of: str | None = None


# Fields of a finding, by its section. COUNTED takes the kind of the evidence as its unit.
COUNTED = "counted"
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

_MONEY_SIGNS = {"$", "\u20ac", "\u00a3", "\u00a5", "\u20b9"}
_NAMED_BEFORE = frozenset({NET, POINT, STAR})  # "a net of", "a score of", "rated"
_PERCENT = frozenset({"%", "percent", "pct"})
_FEELINGS = frozenset({"positive", "neutral", "negative"})
_WINDOW = 3
_AFTER_PART = 4  # words in which the whole is named
FEW = 20
_LONGEST_LIST = 3  # numbers that share the unit of the last one

_TOKEN = re.compile(r"(?P<number>[0-9]+(?:[.,][0-9]+)*)|(?P<word>[^\W\d_]+)|(?P<other>\S)")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_SENTENCE_ENDS = frozenset(".!?;")
_COUNTS = frozenset({"comment", "review", POST, "creator", "view", TIMES, POINT, STAR, NET, ""})
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")
# Between the groups of a number: "1 234" in French.
_GROUP_SPACE = re.compile(r"(?<=[0-9])[\u00a0\u202f](?=[0-9]{3}(?![0-9]))")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    is_number: bool
    is_glued: bool  # no space before it

    @property
    def is_word(self) -> bool:
        return not self.is_number and self.text[0].isalpha()


def stated(section: str, finding: Mapping[str, object], kinds: Iterable[str]) -> Iterator[Figure]:
    """The named fields of one finding, whose texts are English. `kinds`: of its evidence."""
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


def mentions(text: str, locale: Locale = "en") -> list[Figure]:
    """Each number of a text with its unit, as far as the words around it tell."""
    speech = SPEECHES[locale]
    return [figure for _, figure in _found(list(_tokens(text, speech)), speech)]


def statements(text: str, locale: Locale = "en") -> Iterator[tuple[Figure, list[str]]]:
    """Each number with the words that are said of it, without those of its unit.

    They reach to the next number, or to the end of the sentence. The first number of a sentence
    also has the words before it.
    """
    speech = SPEECHES[locale]
    tokens = list(_tokens(text, speech))
    ends = [place for place, token in enumerate(tokens) if token.text in _SENTENCE_ENDS]
    found = _found(tokens, speech)
    for number, (place, figure) in enumerate(found):
        start = max((end for end in ends if end < place), default=-1) + 1
        if number and found[number - 1][0] >= start:
            start = place
        end = min((end for end in ends if end > place), default=len(tokens))
        if number + 1 < len(found):
            end = min(end, found[number + 1][0])
        words = [token.text.casefold() for token in tokens[start:end] if token.is_word]
        yield figure, [word for word in words if not _is_of(figure, word, speech)]


def words_of(text: str, locale: Locale = "en") -> Iterator[str]:
    """The words of a text as `statements` gives them."""
    return (token.text.casefold() for token in _tokens(text, SPEECHES[locale]) if token.is_word)


def needs_predicate(figure: Figure) -> bool:
    """Whether a number means nothing without what is said of it, as opposed to "500 ml"."""
    return figure.unit in _COUNTS or figure.unit.startswith(SHARE)


def is_small_count(figure: Figure) -> bool:
    """Whether it is a whole number that a person counts off: "ten presses", "two videos"."""
    is_measure = figure.unit.startswith(SHARE) or figure.unit in {NET, STAR}
    is_few = figure.value.isdecimal() and int(figure.value) <= FEW
    return is_few and figure.of is None and not is_measure and not _is_currency(figure.unit)


def is_statistic(figure: Figure) -> bool:
    """Whether a number counts people or posts, rates or costs, as opposed to "at step 200"."""
    return is_told(figure) and not is_small_count(figure)


def is_told(figure: Figure) -> bool:
    """Whether it is of what findings count: comments, people, posts, views, times, points."""
    is_counted = figure.unit in _COUNTS - {""} or figure.unit.startswith(SHARE)
    return is_counted or figure.unit in PEOPLE or _is_currency(figure.unit)


def is_counted_off(figure: Figure) -> bool:
    """Whether it counts things of a video, "three spoons", and measures nothing of a product."""
    return is_small_count(figure) and not is_told(figure) and figure.unit not in MEASURES


def is_pronoun(figure: Figure) -> bool:
    """Whether a number only points at things: "the two of them"."""
    return figure.value == "2" and is_counted_off(figure)


def is_part(figure: Figure, text: str, locale: Locale) -> bool:
    """Whether it is a part of one thing, "half a face", and no share: "half of the buyers"."""
    speech = SPEECHES[locale]
    if figure.value not in speech.parts or is_told(figure):
        return False
    tokens = list(_tokens(text, speech))
    after = {
        word.text
        for place, token in enumerate(tokens)
        if token.text.casefold() == figure.value
        for word in takewhile(
            lambda each: each.is_word, tokens[place + 1 : place + 1 + _AFTER_PART]
        )
    }
    return not any(is_told(Figure("", _named(word, speech))) for word in after)


def _is_of(figure: Figure, word: str, speech: Speech) -> bool:
    return word in figure.unit.split() or speech.unit_of.get(word, "-") in figure.unit.split()


def _found(tokens: Sequence[_Token], speech: Speech) -> list[tuple[int, Figure]]:
    """The numbers with the place of each."""
    found: list[tuple[int, Figure]] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        whole = _whole(tokens, place, speech)
        if whole is not None and (token.is_number or token.text.casefold() in speech.ones):
            # "8 commentaires sur 120" has its unit inside.
            inside = next(
                (
                    speech.unit_of[between.text.casefold()]
                    for between in tokens[place + 1 : whole]
                    if between.text.casefold() in speech.unit_of
                ),
                None,
            )
            unit = inside or _unit(tokens, whole, speech)
            value = _value(tokens, place, speech)
            found.append((place, Figure(value, unit, _value(tokens, whole, speech))))
            place = whole
        elif token.is_number or _is_measured_one(tokens, place, speech):
            unit = _unit(tokens, place, speech)
            found.append((place, Figure(_value(tokens, place, speech), unit)))
        place += 1
    return found


def _is_measured_one(tokens: Sequence[_Token], place: int, speech: Speech) -> bool:
    """The "one" of "one percent" and "one star"; else it is mostly a pronoun."""
    if tokens[place].text.casefold() not in speech.ones:
        return False
    after = _words(tokens[place + 1 : place + 8], speech)
    measure = speech.unit_of.get(after[0], after[0]) if after else ""
    return measure in {*_PERCENT, SHARE, STAR, POINT, "USD", "EUR", "GBP"}


def _tokens(text: str, speech: Speech) -> Iterator[_Token]:
    folded = "".join(map(_folded, _GROUP_SPACE.sub("", text)))
    end = 0
    for match in _TOKEN.finditer(folded):
        word = match[0]
        plain = word.casefold()
        is_number = (
            match["number"] is not None
            or plain in speech.spelled
            or plain in speech.vague
            or (plain.endswith("fold") and plain.removesuffix("fold") in speech.spelled)
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


def _whole(tokens: Sequence[_Token], place: int, speech: Speech) -> int | None:
    """The place of the 120 in "8 of 120", "8 out of the 120", "8 in 120" and "8/120"."""
    after = place + 1
    if after < len(tokens) and tokens[after].text.casefold() in speech.unit_of:
        after += 1  # "8 commentaires sur 120"; where no such word follows, nothing changes
    words = tuple(token.text.casefold() for token in tokens[after : after + 4])
    phrase = next((each for each in speech.wholes if words[: len(each)] == each), None)
    if phrase is None:
        return None
    after += len(phrase)
    while after < len(tokens) and tokens[after].text.casefold() in speech.skipped:
        after += 1
    return after if after < len(tokens) and tokens[after].is_number else None


def _value(tokens: Sequence[_Token], place: int, speech: Speech) -> str:
    text = tokens[place].text.casefold()
    value = speech.spelled.get(text) or (_normal(text) if text[0].isdecimal() else text)
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


def _unit(tokens: Sequence[_Token], place: int, speech: Speech) -> str:
    """The nearest name of a unit: beside the number, after it, or in front of it."""
    after: Sequence[_Token] = ()
    for _number in range(_LONGEST_LIST):
        after = tokens[place + 1 : place + 8]
        beside = _unit_in_front(tokens, place, speech) or _unit_behind(after, speech)
        if beside:
            return beside
        if not after or after[0].text.casefold() not in speech.between | _DASHES:
            break
        other = next((n for n in (1, 2) if n < len(after) and after[n].is_number), None)
        if other is None:
            break
        place += other + 1  # in "3 to 13 %" the 3 has the unit of the 13
    following = _words(after, speech)
    known = next((speech.unit_of[word] for word in following if word in speech.unit_of), None)
    named = _named(following[0], speech) if following else ""
    return known or _unit_before(tokens, place, speech) or named


def _unit_in_front(tokens: Sequence[_Token], place: int, speech: Speech) -> str | None:
    """The currency of "$25" and "USD 25"; the letters of "B12", which are no unit of ours."""
    before = tokens[place - 1] if place else None
    if before is None:
        return None
    if before.text in _MONEY_SIGNS or _is_currency(before.text):
        return speech.unit_of.get(before.text, before.text)
    return f"{before.text.casefold()}#" if before.is_word and tokens[place].is_glued else None


def _unit_behind(after: Sequence[_Token], speech: Speech) -> str | None:
    """The unit of "7 %", "25 USD", "500ml" and "4.6-star"."""
    if not after:
        return None
    first = after[0]
    if first.text.casefold() in _PERCENT:
        return _of_percent(after[1:], speech)
    if first.text in _MONEY_SIGNS or _is_currency(first.text):
        return speech.unit_of.get(first.text, first.text)
    if first.is_glued and first.is_word:
        return _named(first.text, speech)
    if len(after) > 1 and first.text in _DASHES and first.is_glued and after[1].is_word:
        return _named(after[1].text, speech)
    return None


def _unit_before(tokens: Sequence[_Token], place: int, speech: Speech) -> str | None:
    """In "a score of 74, from 61 to 83", the score's for all three."""
    for token in reversed(tokens[max(place - 12, 0) : place]):
        word = token.text.casefold()
        if word in {".", ";", "!", "?"}:
            return None
        if speech.unit_of.get(word) in _NAMED_BEFORE:
            return speech.unit_of[word]
    return None


def _words(after: Sequence[_Token], speech: Speech) -> list[str]:
    """The next words of the same clause, without articles."""
    found = []
    for token in after:
        if not token.is_word or token.is_number:
            break
        if token.text.casefold() not in speech.skipped:
            found.append(token.text.casefold())
    return found[:_WINDOW]


def _of_percent(after: Sequence[_Token], speech: Speech) -> str:
    """A share names its whole: a share of comments is none of buyers, and no discount."""
    words = _words(after, speech)
    if not words:
        return SHARE
    named = _named(words[0], speech)
    is_share = after[0].text.casefold() in speech.skipped and named not in _FEELINGS
    return f"% of {named}" if is_share else f"% {named if named in _FEELINGS else words[0]}"


def _is_currency(word: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]{3}", word))


def _named(word: str, speech: Speech) -> str:
    plain = word.casefold()
    return speech.unit_of.get(plain) or (plain.removesuffix("s") or plain)


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
