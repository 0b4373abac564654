"""The outside world that the tests of writing need."""

from __future__ import annotations

from tests.world import (
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
    "data",
    "fetcher",
    "memory",
    "model",
    "report",
    "server",
    "services",
    "website",
]
