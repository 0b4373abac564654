"""gunicorn's settings: threads, because views wait on the database and on Stripe.

Start with `gunicorn -c webhooks/gunicorn.conf.py 'webhooks.app:create_app()'`.
"""

# ruff: noqa: N999 - the name is gunicorn's own convention

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

from webhooks import gunicorn_hooks

worker_class = "webhooks.buffering.BufferingWorker"
workers = 2
threads = 8
worker_connections = 500  # one more closes the connection that has waited longest
timeout = 30
graceful_timeout = 25  # below the 30 s that platforms wait before they kill
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
# A heartbeat file on a slow disk makes gunicorn kill healthy workers.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory, no secret
limit_request_line = 4094
limit_request_field_size = 9216  # bytes: a token of 8 KiB and its header's name
accesslog = None  # the app logs each request, without paths and tokens
preload_app = False  # each worker builds its own app: pools and threads don't survive a fork


def on_starting(_server: Any) -> None:
    """Runs in the master, once."""
    gunicorn_hooks.adapt()
    gunicorn_hooks.hold_stops()


def post_worker_init(worker: Any) -> None:
    """Runs in each worker once its app is built."""
    gunicorn_hooks.bound_clients(worker)
    gunicorn_hooks.stop_softly(worker)


def child_exit(_server: Any, worker: Any) -> None:
    """Runs in the master: removes the gauges of a worker that has ended."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
