"""Reads one field of a scraped item, in any of the forms that scrapers give it.

Each reader returns None for a missing, empty or unreadable value. None of them raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

Item = Mapping[str, object]

MAX_TEXT_CHARACTERS = 4000

_COUNT = re.compile(r"([\d.,]+)\s*([KMB]?)", re.IGNORECASE)
_SCALE = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")
_LONGEST_NUMBER = 64  # characters of a text that may be a number
_MAX_DIGITS = 15  # of a count; a longer one is an id in the wrong field
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
_FIRST_YEAR = 2014  # of musical.ly; an older date is a scraper's error


def field(item: Item, path: str) -> object:
    """The value at a path like `videoMeta.duration`: nested (API) or flattened (CSV exports)."""
    for flat in (path, path.replace(".", "/")):
        if flat in item:
            return item[flat]
    value: object = item
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text(value: object) -> str | None:
    """A text, or a number as text: ids come as both."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int | float):
        return str(value) if abs(value) < 10**30 else None
    return _storable(value[: 2 * MAX_TEXT_CHARACTERS]).strip()[:MAX_TEXT_CHARACTERS] or None


def count(value: object) -> int | None:
    """A whole number of `3710`, `3710.0`, `"3,710"` or `"541.2K"`; None if negative or infinite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < 10**_MAX_DIGITS else None
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    match = _COUNT.fullmatch(value.strip())
    return None if match is None else _scaled(match[1], match[2].upper())


def number(value: object) -> float | None:
    """A plain number, such as seconds."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) and parsed >= 0 else None


def flag(value: object) -> bool:
    """True for `true`, `"true"` and `1`."""
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def moment(value: object) -> datetime | None:
    """A time of epoch seconds or milliseconds, or of ISO text (UTC unless it has a zone)."""
    epoch = number(value)
    try:
        if epoch is not None:
            seconds = epoch / 1000 if epoch >= _MILLISECONDS_FROM else epoch
            parsed = datetime.fromtimestamp(seconds, UTC)
        elif isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
            parsed = datetime.fromisoformat(value.strip())
        else:
            return None
        in_utc = parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return in_utc if in_utc.year >= _FIRST_YEAR else None


def _storable(words: str) -> str:
    """Without U+0000 and halves of surrogate pairs, which PostgreSQL refuses."""
    return words.replace("\x00", "").encode("utf-8", "ignore").decode()


def _scaled(digits: str, unit: str) -> int | None:
    if len(digits) > _MAX_DIGITS:
        return None
    if not unit and _GROUPED.fullmatch(digits):
        return int(re.sub(r"[.,]", "", digits))
    try:
        return round(float(digits.replace(",", ".")) * _SCALE[unit])
    except ValueError:  # "1.2.3"
        return None
