"""What Prometheus sees of a worker."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

_ALERTED_OUTCOMES = ("succeeded", "retried", "rejected", "failed")

RUNNING = Gauge("worker_jobs_running", "Jobs this worker runs now")
OUTCOMES = Counter("worker_jobs", "Attempts of jobs by how they ended", ["kind", "outcome"])
ISOLATED = Counter(
    "worker_isolated_tasks", "Tasks in child processes by how they ended", ["task", "outcome"]
)
SECONDS = Histogram(
    "worker_job_seconds",
    "From the start of an attempt to its recorded outcome",
    ["kind"],
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)

WAIT_SECONDS = Histogram(
    "worker_job_wait_seconds",
    "From a job's creation to its first start, or until a worker gave it back unstarted",
    ["kind"],
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 15, 60, 300, 1800),
)
TOTAL_SECONDS = Histogram(
    "worker_job_total_seconds",
    "From a job's creation to its success, waiting and every attempt included",
    ["kind"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
PROVIDER_CALLS = Counter(
    "worker_provider_calls",
    "Calls to providers, by how they ended",
    ["provider", "operation", "outcome"],
)
PROVIDER_SECONDS = Histogram(
    "worker_provider_seconds",
    "Time of a call to a provider",
    ["provider", "operation"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
PROVIDER_USD = Counter(
    "worker_provider_usd", "Dollars of the runs that this worker saw end", ["provider"]
)
MODEL_ANSWERS = Counter("worker_model_answers", "Requests to a model", ["model", "outcome"])
MODEL_TOKENS = Counter("worker_model_tokens", "Tokens billed", ["model", "direction", "plan"])
MODEL_USD = Counter("worker_model_usd", "What the model's tokens cost", ["model", "plan"])


def prepare(kinds: Iterable[str]) -> None:
    """Starts the series that alerts read at 0: rate() misses what grew before a first sample."""
    for kind in kinds:
        for outcome in _ALERTED_OUTCOMES:
            _children(kind, outcome)
        WAIT_SECONDS.labels(kind)
        TOTAL_SECONDS.labels(kind)


def prepare_model(model: str) -> None:
    """Starts the series of a model's answers at 0."""
    for outcome in ("answered", "model_not_found", "over_quota", "unavailable"):
        MODEL_ANSWERS.labels(model, outcome)


def record(kind: str, outcome: str, seconds: float) -> None:
    """An attempt of a job has ended."""
    outcomes, durations = _children(kind, outcome)
    outcomes.inc()
    durations.observe(seconds)


@cache  # kinds and outcomes are few; looking their labels up takes longer than counting
def _children(kind: str, outcome: str) -> tuple[Counter, Histogram]:
    return OUTCOMES.labels(kind, outcome), SECONDS.labels(kind)
