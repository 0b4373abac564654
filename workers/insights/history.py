"""What changed between two analyses of a product, and how often its earlier intervals held.

Only changes beyond chance are reported: the two intervals must not overlap, and shares must differ
significantly. The SQL function private.analysis_numbers reads the numbers from the documents.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import TypeAdapter

from workers.insights.documents import Change, ChangeKind, Locale, Record
from workers.insights.inputs import ProductFacts
from workers.insights.pack.words import Words, words_in
from workers.insights.statistics import wilson
from workers.insights.vocabulary import ASPECTS, theme_title

# Values of schema.org's `availability`. The others mean neither.
SOLD_OUT = frozenset({"OutOfStock", "SoldOut", "Discontinued"})
IN_STOCK = frozenset({"InStock", "LimitedAvailability", "OnlineOnly", "InStoreOnly"})
# A document lists complaints of three people or more, and at most five complaints.
MIN_COMMENTS, MAX_COMPLAINTS = 3, 5


@dataclass(frozen=True, slots=True)
class Offer:
    """What the product's page says about buying it; None where it does not say."""

    price: Decimal | None = None
    currency: str | None = None
    is_sold_out: bool | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The numbers of one analysis: a row of public.analysis_numbers."""

    video: str | None = None
    basis: str | None = None
    band: str | None = None
    stands_out: float | None = None
    stands_out_low: float | None = None
    stands_out_high: float | None = None
    ratio: float | None = None
    net: float | None = None
    net_low: float | None = None
    net_high: float | None = None
    comments: int | None = None
    complaint_counts: Mapping[str, int] = field(default_factory=dict)
    views_per_hour: float | None = None
    stage: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    is_sold_out: bool | None = None
    is_sample: bool = False


_LOOK = TypeAdapter(Look)


def look_of(numbers: Mapping[str, object]) -> Look:
    """Makes a look from a row of the database and ignores its other columns."""
    return _LOOK.validate_python(numbers)


def offer_of(product: ProductFacts | None) -> Offer:
    """The offer of a product's page."""
    if product is None:
        return Offer()
    word = product.availability
    is_sold_out = True if word in SOLD_OUT else False if word in IN_STOCK else None
    return Offer(product.price, product.currency, is_sold_out)


def what_changed(last: Look | None, new: Look, locale: Locale = "en") -> tuple[Change, ...]:
    """Sentences in the user's language, the most important first. Empty for a first analysis.

    Sample data and data about the product are not compared with each other.
    """
    if last is None or last.is_sample != new.is_sample:
        return ()
    words = words_in(locale)
    return (
        *_video_changes(last, new, words),
        *_net_changes(last, new, words),
        *_complaint_changes(last, new, words),
        *_offer_changes(last, new, words),
    )


def record_of(record: Mapping[str, object] | None, locale: Locale = "en") -> Record | None:
    """The result of private.shown_record, with a sentence for the user."""
    if record is None:
        return None
    words = words_in(locale)
    found = Record.model_validate(
        {name: record[name] for name in ("n", "hits", "rate", "ci95")} | {"text": ""}
    )
    low, high = found.ci95
    text = words.say(
        "changes.record_account" if record["scope"] == "account" else "changes.record_all",
        n=found.n,
        hits=found.hits,
        rate=words.percent(found.rate),
        low=words.percent(low),
        high=words.percent(high),
    )
    return found.model_copy(update={"text": text})


def _changed(kind: ChangeKind, words: Words, key: str = "", **fields: object) -> Change:
    return Change(kind=kind, text=words.say(f"changes.{key or kind}", **fields))


def _video_changes(last: Look, new: Look, words: Words) -> Iterator[Change]:
    # Numbers of different videos, or of different baselines, are not comparable.
    if new.video is None or (new.video, new.basis) != (last.video, last.basis):
        return
    is_breakout = new.band == "breakout" and last.band in {"above", "typical", "below"}
    if is_breakout and new.ratio is None:
        yield _changed("breakout", words)
    elif is_breakout:
        yield _changed("breakout", words, "breakout_times", ratio=words.number(new.ratio or 0, 1))
    turn = _direction(
        (last.stands_out_low, last.stands_out_high), (new.stands_out_low, new.stands_out_high)
    )
    if turn and not is_breakout:
        yield _changed(
            "stands_out_up" if turn > 0 else "stands_out_down",
            words,
            new=_range(words, new.stands_out, new.stands_out_low, new.stands_out_high),
            last=_range(words, last.stands_out, last.stands_out_low, last.stands_out_high),
        )
    if new.stage != last.stage and new.views_per_hour is not None:
        speed = words.number(new.views_per_hour)
        if new.stage == "heating":
            yield _changed("heating", words, speed=speed)
        elif new.stage == "saturating":
            yield _changed("cooling", words, speed=speed)


def _net_changes(last: Look, new: Look, words: Words) -> Iterator[Change]:
    turn = _direction((last.net_low, last.net_high), (new.net_low, new.net_high))
    if turn:
        yield _changed(
            "net_up" if turn > 0 else "net_down",
            words,
            new=_range(words, new.net, new.net_low, new.net_high, is_net=True),
            last=_range(words, last.net, last.net_low, last.net_high, is_net=True),
        )


def _complaint_changes(last: Look, new: Look, words: Words) -> Iterator[Change]:
    if not last.comments or not new.comments:
        return
    for title, n in new.complaint_counts.items():
        if title not in last.complaint_counts and _is_more(
            n, new.comments, _most_unlisted(last.complaint_counts), last.comments
        ):
            who = words.say("counts.of_comments", k=n, n=new.comments)
            yield _changed("new_complaint", words, title=_named(title, words), who=who)
    for title, n in last.complaint_counts.items():
        if title not in new.complaint_counts and _is_more(
            n, last.comments, _most_unlisted(new.complaint_counts), new.comments
        ):
            who = words.say("counts.of_comments", k=n, n=last.comments)
            yield _changed("complaint_gone", words, title=_named(title, words), who=who)


def _offer_changes(last: Look, new: Look, words: Words) -> Iterator[Change]:
    if last.is_sold_out is False and new.is_sold_out:
        yield _changed("sold_out", words)
    if last.is_sold_out and new.is_sold_out is False:
        yield _changed("back_in_stock", words)
    if last.price is None or new.price is None or last.currency != new.currency:
        return
    if new.price != last.price:
        kind: ChangeKind = "price_up" if new.price > last.price else "price_down"
        shown, before = (_price(words, each) for each in (new, last))
        yield _changed(kind, words, last=before, new=shown)


def _price(words: Words, look: Look) -> str:
    amount = look.price or Decimal()
    return words.price(amount, look.currency) or words.number(amount, 2)


def _direction(
    last: tuple[float | None, float | None], new: tuple[float | None, float | None]
) -> int:
    """1 if the new interval lies above the last one, -1 if below, 0 if they touch."""
    (last_low, last_high), (new_low, new_high) = last, new
    if last_low is None or last_high is None or new_low is None or new_high is None:
        return 0
    return (new_low > last_high) - (new_high < last_low)


def _named(title: str, words: Words) -> str:
    """A complaint in the user's language; a title of a model stays as it is."""
    aspect = next((name for name in ASPECTS if theme_title("pain", name) == title), None)
    return (
        title.removeprefix("People complain: ") if aspect is None else words.aspect(aspect)["bad"]
    )


def _most_unlisted(counts: Mapping[str, int]) -> int:
    """The most comments that a complaint missing from the document may have."""
    return min(counts.values()) if len(counts) >= MAX_COMPLAINTS else MIN_COMMENTS - 1


def _is_more(hits: int, n: int, other_hits: int, other_n: int) -> bool:
    """Whether the first share is larger, by the 95 % interval of the difference (Newcombe)."""
    # A comment may count twice, and a window may be smaller than the other's.
    share, other = min(1.0, hits / n), min(1.0, other_hits / other_n)
    low, other_high = wilson(share, n)[0], wilson(other, other_n)[1]
    return share - other > math.hypot(share - low, other_high - other)


def _range(
    words: Words,
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    is_net: bool = False,
) -> str:
    """A number with its interval; a net with its sign."""
    shown = [
        "" if each is None else _signed(words, each) if is_net else words.number(each)
        for each in (value, low, high)
    ]
    return words.say("changes.range", value=shown[0], low=shown[1], high=shown[2]).strip()


def _signed(words: Words, value: float) -> str:
    return f"{'+' if value >= 0 else '-'}{words.number(abs(value), 2)}"
