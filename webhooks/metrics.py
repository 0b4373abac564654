"""Metrics of this process, or of all gunicorn's processes if PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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

DATABASE_UP = Gauge(
    "edge_database_up",
    "1 if the database answered the last scrape.",
    multiprocess_mode="mostrecent",
)
# The gauges of private.server_metrics, by its names. While the database is away, they keep their
# values.
SERVER = {
    name: Gauge(metric, text, [label] if label else [], multiprocess_mode="mostrecent")
    for name, metric, text, label in (
        ("jobs_due", "jobs_due", "Jobs whose time has come, 1,000 at most.", "queue"),
        ("jobs_not_due", "jobs_not_due", "Jobs that run or wait, 1,000 at most.", "queue"),
        ("jobs_oldest_due_seconds", "jobs_oldest_due_seconds", "Wait of the oldest due.", "queue"),
        ("jobs_dead_letters", "jobs_dead_letters", "Failed jobs that can be redriven.", "queue"),
        ("queue_paused", "jobs_queue_paused", "1 if nothing is claimed from it.", "queue"),
        ("connections", "postgres_connections", "Connections, used and the limit.", "state"),
        (
            "oldest_transaction_seconds",
            "postgres_oldest_transaction_seconds",
            "Age of the oldest open transaction.",
            "",
        ),
        ("database_bytes", "postgres_database_bytes", "Size of the database.", ""),
        ("deadlocks", "postgres_deadlocks", "Deadlocks since the statistics were reset.", ""),
        ("dead_messages", "postgres_dead_messages", "Dead rows of pgmq.q_jobs.", ""),
        ("schedules_stopped", "jobs_schedules_stopped", "Schedules that cannot fire.", ""),
        (
            "orphan_events",
            "edge_stripe_orphan_events",
            "Stripe events of the last 90 days whose customer belongs to no account.",
            "",
        ),
    )
}


def observe_server(rows: Iterable[Mapping[str, object]]) -> None:
    """Sets the gauges from rows of private.server_metrics. Ignores names that it does not know."""
    for row in rows:
        gauge = SERVER.get(str(row["name"]))
        if gauge is not None:
            (gauge.labels(row["label"]) if row["label"] else gauge).set(float(str(row["value"])))


def exposition() -> tuple[bytes, str]:
    """The body and content type of `/metrics`."""
    if values.ValueClass.__name__ != "MmapedValue":
        return generate_latest(), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
