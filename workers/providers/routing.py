"""Which provider serves which URL: one table, read from the top; the first match serves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workers.providers import sample, web
from workers.providers.services import Services

if TYPE_CHECKING:
    from workers.insights.inputs import Collection

# Tells the user what happens: a stage's name and percent.
Report = Callable[[str, int], Awaitable[None]]
Collect = Callable[[str, Services, Report], Awaitable["Collection"]]


@dataclass(frozen=True)
class Route:
    """`hosts` is matched against the whole host name."""

    hosts: re.Pattern[str]
    collect: Collect


ROUTES: dict[str, Route] = {
    # A reserved domain that no shop can have: the demonstration's product.
    "sample shop": Route(re.compile(r"(.+\.)?creatorscook\.example"), sample.collect),
    "TikTok": Route(re.compile(r"(.+\.)?tiktok\.com"), sample.collect_in_place_of_tiktok),
    "any shop": Route(re.compile(r".*"), web.collect),
}


async def collect(url: str, services: Services, report: Report) -> Collection:
    """All public data about a product's URL; raises `Retry` or `Reject`."""
    return await route(url).collect(url, services, report)


def route(url: str) -> Route:
    """The route of a URL; what is no URL goes to the web's fetcher, which refuses it."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # "http://["
        host = ""
    return next(route for route in ROUTES.values() if route.hosts.fullmatch(host))
