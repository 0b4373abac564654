"""Maps a URL to its source: the first route of `ROUTES` that matches."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from workers.insights.inputs import Collection
from workers.sources import sample
from workers.sources.context import (
    Acquire,
    Context,
    Expect,
    OwnAccount,
    Purchases,
    Report,
    Step,
    Unbudgeted,
    forgetful,
    unlimited,
)
from workers.sources.services import SourceServices
from workers.sources.tiktok import posts
from workers.sources.web import shop

Collect = Callable[[str, SourceServices, Context], Awaitable["Collection"]]


@dataclass(frozen=True)
class Route:
    """`hosts` matches the whole host name; `serves` says whether the source is configured."""

    hosts: re.Pattern[str]
    collect: Collect
    serves: Callable[[SourceServices], bool] = lambda _services: True


_TIKTOK = re.compile(r"(.+\.)?tiktok\.com")

ROUTES: dict[str, Route] = {
    # The demo's product: no shop can have this reserved domain.
    "sample shop": Route(re.compile(r"(.+\.)?creatorscook\.example"), sample.collect),
    "a connected creator's TikTok": Route(
        _TIKTOK, posts.collect_own, lambda services: services.tiktok_accounts is not None
    ),
    "TikTok": Route(_TIKTOK, posts.collect, lambda services: services.apify is not None),
    "TikTok without a token": Route(_TIKTOK, sample.collect_in_place_of_tiktok),
    "any shop": Route(re.compile(r".*"), shop.collect),
}


async def collect(
    url: str,
    services: SourceServices,
    report: Report,
    step: Step = forgetful,
    acquire: Acquire = unlimited,
    *,
    expect: Expect | None = None,
    own_account: OwnAccount | None = None,
    purchases: Purchases | None = None,
    has_transcripts: bool = False,
) -> Collection:
    """All public data about a product's URL. Raises `Retry`, `Reject` or `Snooze`.

    After `Snooze`, call it again with the same `step`: it continues.
    """
    return await route(url, services).collect(
        url,
        services,
        Context(
            report,
            step,
            acquire,
            expect,
            own_account,
            purchases or Unbudgeted(),
            has_transcripts,
        ),
    )


def route(url: str, services: SourceServices) -> Route:
    """The route of a URL. A text that is no URL goes to the fetcher, which refuses it."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # "http://["
        host = ""
    return next(
        route for route in ROUTES.values() if route.hosts.fullmatch(host) and route.serves(services)
    )
