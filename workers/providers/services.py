"""What providers need from outside: clients, keys and the clock, opened once per worker."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.billing import Gateway
from workers.providers.apify import Apify, open_apify
from workers.providers.fetch import Fetcher, open_fetcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from core.config import WorkerSettings


@dataclass(frozen=True)
class Services:
    """Handed to every provider; tests build their own."""

    fetcher: Fetcher
    ref_key: bytes
    now: Callable[[], datetime]
    sample_data: Path | None = None
    billing: Gateway | None = None  # None without a Stripe key
    delete_erased_customers: bool = False
    apify: Apify | None = None


@asynccontextmanager
async def open_services(settings: WorkerSettings) -> AsyncIterator[Services]:
    """The services of a worker process; closes its connections at the end."""
    async with AsyncExitStack() as opened:
        fetcher = await opened.enter_async_context(open_fetcher(allowed=settings.fetch_allow))
        apify = None
        if settings.apify_token is not None:
            token = settings.apify_token.get_secret_value()
            apify = await opened.enter_async_context(open_apify(token, settings.apify_base_url))
        yield Services(
            fetcher=fetcher,
            ref_key=settings.source_ref_key.get_secret_value().encode(),
            now=lambda: datetime.now(UTC),
            sample_data=Path(settings.sample_data) if settings.sample_data else None,
            billing=_billing(settings),
            delete_erased_customers=settings.stripe_delete_erased_customers,
            apify=apify,
        )


def _billing(settings: WorkerSettings) -> Gateway | None:
    key = settings.stripe_secret_key
    return Gateway(key.get_secret_value(), api_base=settings.stripe_api_base) if key else None
