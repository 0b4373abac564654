"""No number in a pack comes from nowhere: each stands in a result, in a stated fact, or in a name.

The texts are read as a person reads them, in the pack's language. So a wrong field, a wrong
rounding or a number in a template is found, whatever the writer meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from workers.insights.documents import PackConfiguration
from workers.insights.evidence import UngroundedError
from workers.insights.inputs import ProductFacts
from workers.insights.pack.facts import BUCKET, bucket_seconds, size_text, spec_text
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.proposals import SHORTEST
from workers.insights.pack.statements import SHARED_CREATORS, posts_of, seasonal
from workers.insights.pack.words import Words, half_up
from workers.insights.sentiment.totals import MINIMUM
from workers.insights.virality.compared import EVENING, LATEST, THOUSAND
from workers.insights.virality.patterns import LEAST_POSTS
from workers.insights.virality.profile import LEAST_STANDOUTS
from workers.insights.virality.stands_out import MINIMUM_POSTS

_DAY = re.compile(r"(?<=\d{4}-\d{2}-)\d{2}")
_NUMBER = re.compile(r"\d+(?:[.,\u202f]\d+)*")
# Ends of scales: stars, retention, places of a hundred.
_SCALES = frozenset({"0", "2", "5", "100"})
# What people read. The other strings of a pack are ids, names of kinds, dates and links.
_READ = frozenset({
    "headline", "summary", "text", "do", "why", "title", "promise", "proof", "on_screen", "dos",
    "donts", "reason", "reasons", "caveats", "paraphrase", "shot",
})  # fmt: skip


def check_numbers(pack: PackConfiguration, given: PackInputs, product: ProductFacts | None) -> None:
    """Raises UngroundedError rather than publish a number that nothing has."""
    known = _SCALES | set(_computed(given, product))
    unknown = [
        f"{number} in {text!r}"
        for text in _texts(pack.model_dump(mode="json"))
        for number in _numbers(text, given.words)
        if number not in known
    ]
    if unknown:
        raise UngroundedError(f"numbers that nothing states: {'; '.join(unknown)}")


def _texts(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if key in _READ:
            yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)


def _numbers(text: str, words: Words) -> Iterator[str]:
    group, decimal = str(words.texts["format.group"]), str(words.texts["format.decimal"])
    for found in _NUMBER.findall(text):
        yield found.replace(group, "").replace(decimal, ".")


def _computed(given: PackInputs, product: ProductFacts | None) -> Iterator[str]:
    stated = asdict(product) if product is not None else {}
    names = [given.product_name, given.spoken_name, given.short_name, given.search_name]
    names += [stated.get("brand") or ""]
    names += [given.facts.claim.said if given.facts.claim else ""]
    names += [tag for tags in given.hashtags.values() for tag in tags]  # "#newyear2020"
    sizes = [size_text(size, given.words) for size in stated.get("sizes", ())]
    sizes += [spec_text(spec, given.words) for spec in product.specs] if product else []
    sizes += [str(given.words.texts[f"like.{name}"]) for name in ("a5", "a4", "a3")]
    for text in (*names, *sizes):
        yield from _numbers(text, given.words)
    price = stated.get("price")
    if price is not None:  # a decimal rounds 12.345 to another cent than its float
        yield from (f"{price:.{places}f}" for places in (0, 2))
    for amount in (price, stated.get("rating"), stated.get("review_count")):
        yield from _forms(float(amount)) if amount is not None else ()
    results: list[Any] = [given.sentiment.model_dump(), given.virality.model_dump()]
    results += [given.caveats]
    results += [asdict(given.shares)] if given.shares else []
    if given.compared is not None:
        results += [asdict(given.compared), THOUSAND]
    if given.profile is not None:
        results += [asdict(given.profile) | {"posts": given.profile.posts}]
        results += [[post.model_dump() for post in given.profile.best]]
        yield from _forms(MINIMUM_POSTS + 1 - given.profile.collected)
    yield from _leaves(results)
    yield from (str(n) for n in Counter(post.hook for post in given.examples).values())
    yield str(len(given.examples))
    flows = [spec for spec in product.specs if spec.kind == "flow"] if product else []
    yield from (str(bucket_seconds(spec)) for spec in flows)
    for least in (
        MINIMUM,
        EVENING,
        LATEST,
        BUCKET,
        LEAST_POSTS,
        MINIMUM_POSTS + 1,
        LEAST_STANDOUTS,
        SHARED_CREATORS,
        SHORTEST,
    ):
        yield str(least)
    yield str(MINIMUM - given.sentiment.sample.analysed)
    found = seasonal(given)
    days = [found.start if found is not None else None, given.asked_on]
    yield from _leaves([day.isoformat() for day in days if day is not None])
    yield str(given.silent_days)
    places = [each.percentile for each in given.virality.metrics if each.percentile is not None]
    for driver in given.virality.drivers:
        yield from (str(posts_of(place, driver.n)) for p in places for place in (p, 100 - p))


def _leaves(value: object) -> Iterator[str]:
    """Numbers of the results, and those in their English sentences."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield from _forms(value)
    elif isinstance(value, str):
        yield from (found.replace(",", "") for found in _NUMBER.findall(value))
        yield from (day.lstrip("0") for day in _DAY.findall(value))  # of an ISO date
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)


def _forms(value: float) -> Iterator[str]:
    """The roundings in which a sentence may state it: as it is, as a share, as the rest of 100."""
    amount = round(100 * abs(value), 6)
    yield from (str(half_up(abs(value), places)) for places in (0, 1, 2))
    yield from (str(half_up(amount, places)) for places in range(5))
    yield from (str(half_up(100 - each)) for each in (value, amount))
