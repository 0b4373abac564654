"""The texts of a pack in one language, with numbers, shares and prices as people write them there.

All texts stand in resources/pack/{locale}.toml. A language that lacks a key raises KeyError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, get_args

from workers.insights.documents import Locale
from workers.insights.vocabulary import read_resource

LOCALES: tuple[Locale, ...] = get_args(Locale)

# Signs of currencies, by their codes. Those that several currencies share name the country.
_SIGNS = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$", "KRW": "₩",
    "MXN": "MX$", "CAD": "CA$", "AUD": "A$", "IDR": "Rp", "VND": "₫", "PHP": "₱",
}  # fmt: skip
LEAST_MORE = 0.95  # smaller ratios are said as shares
_NO_CENTS = frozenset({"CLP", "IDR", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"})
_CURRENCY_CODE = re.compile(r"[A-Z]{3}")
_CURRENCY_SIGN = re.compile(r"[^\w\s<>&]{1,3}|[^\W\d_]{1,3}")
_FIELD = re.compile(r"\{(\w+)\}")

Text = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    locale: Locale
    texts: Mapping[str, Text] = field(repr=False)

    def say(self, key: str, **fields: object) -> str:
        """The text of the key. Whole numbers are formatted; {n} chooses between one and other."""
        text = self.texts[key]
        if isinstance(text, Mapping):
            text = text["one" if self._is_one(fields["n"]) else "other"]
        return text.format(**{name: self._shown(value) for name, value in fields.items()})

    def knows(self, key: str) -> bool:
        return key in self.texts

    def number(self, value: float | Decimal, places: int = 0) -> str:
        return self._marked(f"{half_up(value, places):,}")

    def percent(self, share: float) -> str:
        """A share that is not nothing is never called 0 %."""
        amount = round(100 * share, 6)  # 100 * 0.145 is 14.499999999999998
        places = next((n for n in range(4) if half_up(amount, n) or not share), 4)
        return self.say("format.percent", amount=self.number(amount, places))

    def date(self, day: str) -> str:
        """An ISO date as people write it there: "November 6, 2020"."""
        year, month, number = (int(part) for part in day.split("-"))
        named = self.say(f"months.m{month}")
        return self.say("format.date", day=str(number), month=named, year=str(year))

    def ratio(self, ratio: float, low: float, high: float) -> dict[str, object]:
        """`views`, `low` and `high` of a comparison of views: below one as shares."""
        say = self.percent if ratio < LEAST_MORE else self._times
        key, name = ("less", "share") if ratio < LEAST_MORE else ("more", "ratio")
        views = self.say(f"times.{key}", **{name: say(ratio)})
        return {"views": views, "low": say(low), "high": say(high)}

    def _times(self, ratio: float) -> str:
        return self.number(ratio, 1)

    def price(self, amount: Decimal, currency: str | None) -> str | None:
        """A price as it may be said. Without its currency an amount is no price."""
        code = currency or ""
        if not (_CURRENCY_CODE.fullmatch(code) or _CURRENCY_SIGN.fullmatch(code)):
            return None
        sign = _SIGNS.get(code, code)
        shown = self.number(amount, 0 if code in _NO_CENTS else 2)
        if self.texts["format.sign_first"] == "no":
            return f"{shown} {sign}"
        return f"{sign} {shown}" if sign[-1].isalpha() or self.locale == "pt" else f"{sign}{shown}"

    def size(self, size: str) -> str:
        """ "1.5 kg" with this language's decimal sign."""
        return re.sub(r"(?<=\d)[.,](?=\d)", str(self.texts["format.decimal"]), size)

    def joined(self, parts: Iterable[str], key: str = "format.and") -> str:
        *first, last = parts
        if not first:
            return last
        return self.say(key, first=", ".join(first), last=last)

    def aspect(self, aspect: str) -> dict[str, str]:
        """`noun`, `about`, `good`, `bad` and `demo` of an aspect."""
        return {
            name: str(self.texts[f"aspects.{aspect}.{name}"])
            for name in ("noun", "about", "good", "bad", "demo")
        }

    def translated(self, sentence: str) -> str | None:
        """A known English sentence of another part of the analysis, in this language."""
        for key, pattern in _sentences():
            found = pattern.fullmatch(sentence)
            if found is not None:
                # A number is digits with the marks of English.
                fields = {name: self._marked(said) for name, said in found.groupdict().items()}
                return str(self.texts[key]).format(**fields)
        return None

    def _shown(self, value: object) -> object:
        return self.number(value) if isinstance(value, int) else value

    def _marked(self, english: str) -> str:
        marks = {".": str(self.texts["format.decimal"]), ",": str(self.texts["format.group"])}
        return "".join(marks.get(char, char) for char in english)

    def _is_one(self, n: object) -> bool:
        return n == 1 or (n == 0 and self.texts["zero_is_one"] == "yes")


def half_up(value: float | Decimal, places: int = 0) -> Decimal:
    """Rounded as people do it: 4.25 is 4.3."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@cache
def words_in(locale: Locale) -> Words:
    return Words(locale, dict(_flat(read_resource(f"pack/{locale}.toml"))))


@cache
def _sentences() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Patterns of the English sentences that have a text in every language."""
    return tuple(
        (
            key,
            re.compile(
                _FIELD.sub(
                    r"(?P<\1>[\\d,.]+)", re.escape(text).replace(r"\{", "{").replace(r"\}", "}")
                )
            ),
        )
        for key, text in words_in("en").texts.items()
        if key.startswith("sentences.") and isinstance(text, str)
    )


def _flat(raw: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Text]]:
    for name, value in raw.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and set(value) != {"one", "other"}:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value
