"""Metrics of this process, or of all gunicorn's processes if PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

TOKEN_VERIFICATIONS = Counter(
    "edge_token_verify", "Clerk session tokens verified, by result.", ["result"]
)
STRIPE_EVENTS = Counter("edge_stripe_events", "Stripe events received.", ["type", "outcome"])
CLERK_EVENTS = Counter("edge_clerk_events", "Clerk events received.", ["type", "outcome"])
APIFY_EVENTS = Counter("edge_apify_events", "Apify events received.", ["outcome"])
EVENT_LAG_SECONDS = Histogram(
    "edge_event_lag_seconds",
    "From an event's creation at Stripe to its arrival here.",
    buckets=(1, 5, 30, 120, 600, 3600, 86400, 259200),
)
REQUEST_SECONDS = Histogram(
    "edge_request_seconds",
    "Time to answer, by route.",
    ["route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
JWKS_AGE_SECONDS = Gauge(
    "edge_jwks_age_seconds", "Age of Clerk's keys in this process.", multiprocess_mode="max"
)

ORPHAN_EVENTS = Gauge(
    "edge_stripe_orphan_events",
    "Stripe events of the last 90 days whose customer belongs to no account.",
    multiprocess_mode="mostrecent",
)


def exposition() -> tuple[bytes, str]:
    """The body and content type of `/metrics`."""
    if values.ValueClass.__name__ != "MmapedValue":
        return generate_latest(), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
