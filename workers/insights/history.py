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

from workers.insights.documents import Change, ChangeKind, Record
from workers.insights.inputs import ProductFacts
from workers.insights.statistics import wilson

# Values of schema.org's `availability`. The others mean neither.
SOLD_OUT = frozenset({"OutOfStock", "SoldOut", "Discontinued"})
IN_STOCK = frozenset({"InStock", "LimitedAvailability", "OnlineOnly", "InStoreOnly"})
# A document lists complaints of three people or more, and at most five complaints.
LEAST_COMMENTS, MOST_COMPLAINTS = 3, 5


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


def what_changed(last: Look | None, new: Look) -> tuple[Change, ...]:
    """Sentences for the user, the most important first. Empty for a first analysis.

    Sample data and data about the product are not compared with each other.
    """
    if last is None or last.is_sample != new.is_sample:
        return ()
    return (
        *_video_changes(last, new),
        *_net_changes(last, new),
        *_complaint_changes(last, new),
        *_offer_changes(last, new),
    )


def record_of(record: Mapping[str, object] | None) -> Record | None:
    """The result of private.shown_record, with a sentence for the user."""
    if record is None:
        return None
    whose = "for this account" if record["scope"] == "account" else "for all accounts"
    found = Record.model_validate(
        {name: record[name] for name in ("n", "hits", "rate", "ci95")} | {"text": ""}
    )
    low, high = found.ci95
    text = (
        f"Of {found.n} scores against creators' own posts {whose}, {found.hits} stayed within "
        f"their interval at the next look ({100 * found.rate:.0f} %; 95 % interval "
        f"{100 * low:.0f} to {100 * high:.0f} %). "
        "The intervals are made so that 80 of 100 do."
    )
    return found.model_copy(update={"text": text})


def _video_changes(last: Look, new: Look) -> Iterator[Change]:
    # Numbers of different videos, or of different baselines, are not comparable.
    if new.video is None or (new.video, new.basis) != (last.video, last.basis):
        return
    is_breakout = new.band == "breakout" and last.band in {"above", "typical", "below"}
    if is_breakout:
        times = "" if new.ratio is None else f": it has {new.ratio:.1f} times the usual views"
        yield Change(kind="breakout", text=f"The video is a breakout now{times}.")
    turn = _direction(
        (last.stands_out_low, last.stands_out_high), (new.stands_out_low, new.stands_out_high)
    )
    if turn and not is_breakout:
        kind: ChangeKind = "stands_out_up" if turn > 0 else "stands_out_down"
        more = "more" if turn > 0 else "less"
        yield Change(
            kind=kind,
            text=(
                f"The video stands out {more} than before: "
                f"{_whole(new.stands_out, new.stands_out_low, new.stands_out_high)}, after "
                f"{_whole(last.stands_out, last.stands_out_low, last.stands_out_high)}."
            ),
        )
    if new.stage != last.stage and new.views_per_hour is not None:
        speed = f"{new.views_per_hour:,.0f} views an hour"
        if new.stage == "heating":
            text = f"The video heats up: {speed}, more than posts of its age usually gain."
            yield Change(kind="heating", text=text)
        elif new.stage == "saturating":
            text = f"The video cools down: {speed}, fewer than posts of its age usually gain."
            yield Change(kind="cooling", text=text)


def _net_changes(last: Look, new: Look) -> Iterator[Change]:
    turn = _direction((last.net_low, last.net_high), (new.net_low, new.net_high))
    if turn:
        kind: ChangeKind = "net_up" if turn > 0 else "net_down"
        better = "better" if turn > 0 else "worse"
        yield Change(
            kind=kind,
            text=(
                f"People feel {better} about it than before: net "
                f"{_signed(new.net, new.net_low, new.net_high)}, after "
                f"{_signed(last.net, last.net_low, last.net_high)}."
            ),
        )


def _complaint_changes(last: Look, new: Look) -> Iterator[Change]:
    if not last.comments or not new.comments:
        return
    for title, n in new.complaint_counts.items():
        if title not in last.complaint_counts and _is_more(
            n, new.comments, _most_unlisted(last.complaint_counts), last.comments
        ):
            text = f"New complaint: {_named(title)} ({n} of {new.comments} comments)."
            yield Change(kind="new_complaint", text=text)
    for title, n in last.complaint_counts.items():
        if title not in new.complaint_counts and _is_more(
            n, last.comments, _most_unlisted(new.complaint_counts), new.comments
        ):
            text = f"A complaint is gone: {_named(title)} ({n} of {last.comments} comments before)."
            yield Change(kind="complaint_gone", text=text)


def _offer_changes(last: Look, new: Look) -> Iterator[Change]:
    if last.is_sold_out is False and new.is_sold_out:
        yield Change(kind="sold_out", text="It is sold out now.")
    if last.is_sold_out and new.is_sold_out is False:
        yield Change(kind="back_in_stock", text="It is in stock again.")
    if last.price is None or new.price is None or last.currency != new.currency:
        return
    unit = f" {new.currency}" if new.currency else ""
    if new.price > last.price:
        text = f"The price rose from {last.price:,.2f} to {new.price:,.2f}{unit}."
        yield Change(kind="price_up", text=text)
    elif new.price < last.price:
        text = f"The price fell from {last.price:,.2f} to {new.price:,.2f}{unit}."
        yield Change(kind="price_down", text=text)


def _direction(
    last: tuple[float | None, float | None], new: tuple[float | None, float | None]
) -> int:
    """1 if the new interval lies above the last one, -1 if below, 0 if they touch."""
    (last_low, last_high), (new_low, new_high) = last, new
    if last_low is None or last_high is None or new_low is None or new_high is None:
        return 0
    return (new_low > last_high) - (new_high < last_low)


def _named(title: str) -> str:
    """The title of a complaint without its opening."""
    return title.removeprefix("People complain: ")


def _most_unlisted(counts: Mapping[str, int]) -> int:
    """The most comments that a complaint missing from the document may have."""
    return min(counts.values()) if len(counts) >= MOST_COMPLAINTS else LEAST_COMMENTS - 1


def _is_more(hits: int, n: int, other_hits: int, other_n: int) -> bool:
    """Whether the first share is larger, by the 95 % interval of the difference (Newcombe)."""
    # A comment may count twice, and a window may be smaller than the other's.
    share, other = min(1.0, hits / n), min(1.0, other_hits / other_n)
    low, other_high = wilson(share, n)[0], wilson(other, other_n)[1]
    return share - other > math.hypot(share - low, other_high - other)


def _whole(value: float | None, low: float | None, high: float | None) -> str:
    shown = "" if value is None else f"{value:.0f} "
    return f"{shown}({low:.0f} to {high:.0f})"


def _signed(value: float | None, low: float | None, high: float | None) -> str:
    shown = "" if value is None else f"{value:+.2f} "
    return f"{shown}({low:+.2f} to {high:+.2f})"
