"""What Prometheus sees of a worker."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RUNNING = Gauge("worker_jobs_running", "Jobs this worker runs now")
OUTCOMES = Counter("worker_jobs", "Tries of jobs by how they ended", ["kind", "outcome"])
SECONDS = Histogram(
    "worker_job_seconds",
    "Time from claim to recorded outcome",
    ["kind"],
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)
