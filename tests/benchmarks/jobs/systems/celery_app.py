"""The Celery application, as its worker processes import it; told what to do by the environment."""

from __future__ import annotations

import os
import time

import psycopg
from celery import Celery
from celery.signals import worker_process_init, worker_ready
from redis import Redis

from tests.benchmarks.jobs.systems.work import WRITE

NAME = "benchmark"
QUEUE = "celery"
READY_KEY = "benchmark-ready"
STAMPS_KEY = "benchmark-stamps"
_redis: Redis | None = None
_db: psycopg.Connection | None = None


def make(socket: str) -> Celery:
    """Durable messages, no results, acknowledged after the work: at least once, as the others."""
    made = Celery("benchmark", broker=f"redis+socket://{socket}")
    made.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=4,
        broker_connection_retry_on_startup=True,
    )
    return made


if "BENCHMARK_REDIS" in os.environ:
    app = make(os.environ["BENCHMARK_REDIS"])
    _kind = os.environ["BENCHMARK_KIND"]
    _seconds = float(os.environ["BENCHMARK_SECONDS"])

    @app.task(name=NAME)
    def benchmark(number: int) -> None:
        if _kind == "stamp":
            assert _redis is not None
            at = time.monotonic()  # one clock for all processes of a machine
            _redis.hset(STAMPS_KEY, str(number), at)
        if _kind == "sleep":
            time.sleep(_seconds)
        if _kind == "result":
            assert _db is not None
            _db.execute(WRITE, (number,))

    @worker_process_init.connect
    def _connect(**_: object) -> None:
        global _redis, _db  # noqa: PLW0603 - one connection per worker process
        _redis = Redis(unix_socket_path=os.environ["BENCHMARK_REDIS"])
        _db = psycopg.connect(os.environ["BENCHMARK_URL"], autocommit=True)

    @worker_ready.connect
    def _tell(**_: object) -> None:
        at = time.monotonic()
        Redis(unix_socket_path=os.environ["BENCHMARK_REDIS"]).set(READY_KEY, at)
