"""What Prometheus sees of a worker."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

RUNNING = Gauge("worker_jobs_running", "Jobs this worker runs now")
OUTCOMES = Counter("worker_jobs", "Tries of jobs by how they ended", ["kind", "outcome"])
ISOLATED = Counter(
    "worker_isolated_tasks", "Tasks in child processes by how they ended", ["task", "outcome"]
)
SECONDS = Histogram(
    "worker_job_seconds",
    "Time from claim to recorded outcome",
    ["kind"],
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)


def record(kind: str, outcome: str, seconds: float) -> None:
    """A try of a job has ended."""
    outcomes, durations = _children(kind, outcome)
    outcomes.inc()
    durations.observe(seconds)


@cache  # kinds and outcomes are few; looking their labels up takes longer than counting
def _children(kind: str, outcome: str) -> tuple[Counter, Histogram]:
    return OUTCOMES.labels(kind, outcome), SECONDS.labels(kind)
