"""Checks each process of the stack."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import psycopg

from core.config import LocalSettings
from local import environment, processes
from local.layout import Layout

_TIMEOUT_SECONDS = 3


@dataclass(frozen=True)
class Health:
    """One process, its address, and what is wrong with it (None: nothing)."""

    name: str
    url: str
    problem: str | None


def check(settings: LocalSettings, layout: Layout) -> list[Health]:
    """Every process of the stack, in the order in which they depend on each other."""
    probes = [
        ("postgrest", settings.rest_port, settings.rest_admin_port, "/ready"),
        ("clerk", settings.clerk_port, settings.clerk_port, "/.well-known/jwks.json"),
        ("edge", settings.edge_port, settings.edge_port, "/readyz"),
        ("gateway", settings.api_port, settings.api_port, "/healthz"),
        ("worker", settings.worker_metrics_port, settings.worker_metrics_port, "/metrics"),
    ]
    if settings.stripe == "fake" or _has_stripe(layout):
        probes.append(("stripe", settings.stripe_port, settings.stripe_port, "/healthz"))
    return [
        _database(settings, layout),
        *(
            Health(name, f"http://127.0.0.1:{port}", _problem(f"http://127.0.0.1:{probed}{path}"))
            for name, port, probed, path in probes
        ),
    ]


def _has_stripe(layout: Layout) -> bool:
    """Whether the running stack was started with the stand-in."""
    top = processes.supervisor(layout.directory)
    return top is not None and environment.variable_of(top, "STRIPE") == "fake"


def _database(settings: LocalSettings, layout: Layout) -> Health:
    url = f"postgresql://127.0.0.1:{settings.db_port}/postgres"
    if not layout.passwords.exists():
        return Health("postgres", url, "not set up yet")
    try:
        with psycopg.connect(
            environment.database_url(settings, layout, "postgres"),
            connect_timeout=_TIMEOUT_SECONDS,
        ) as connection:
            connection.execute("select")
    except psycopg.OperationalError as error:
        return Health("postgres", url, str(error).splitlines()[0])
    return Health("postgres", url, None)


def _problem(url: str) -> str | None:
    try:
        response = httpx.get(url, timeout=_TIMEOUT_SECONDS)
    except httpx.TransportError as error:
        return str(error) or type(error).__name__
    if response.status_code != httpx.codes.OK:
        return f"answers {response.status_code}: {response.text[:200]}"
    return None
