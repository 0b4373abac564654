"""What providers need from outside: clients, keys and the clock, opened once per worker."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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


@asynccontextmanager
async def open_services(settings: WorkerSettings) -> AsyncIterator[Services]:
    """The services of a worker process; closes its connections at the end."""
    async with open_fetcher(allowed=settings.fetch_allow) as fetcher:
        yield Services(
            fetcher=fetcher,
            ref_key=settings.source_ref_key.get_secret_value().encode(),
            now=lambda: datetime.now(UTC),
            sample_data=Path(settings.sample_data) if settings.sample_data else None,
        )
