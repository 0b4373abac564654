"""The outside world that the tests of sources need."""

from __future__ import annotations

from tests.world import (
    apify,
    connected,
    data,
    fetcher,
    memory,
    model,
    report,
    server,
    services,
    website,
)

__all__ = [
    "apify",
    "connected",
    "data",
    "fetcher",
    "memory",
    "model",
    "report",
    "server",
    "services",
    "website",
]
