"""A worker process: opens what jobs need, runs them until SIGTERM, finishes or hands back."""

from __future__ import annotations

import asyncio
import signal
from typing import cast

import psycopg
import structlog

from core import tracing
from core.config import WorkerSettings
from core.database import async_pool
from core.logs import configure
from workers.engine.queue import Pool
from workers.engine.runner import Runner
from workers.jobs import webhooks
from workers.jobs.billing import BILLING_CONNECTIONS
from workers.jobs.services import Services, open_services
from workers.monitoring import Monitor
from workers.registry import TASKS, handlers

# Beside the pool: the heartbeat, the listener, and billing where it is worked at.
_SINGLE_CONNECTIONS = 2
_GRANTED = """
select
    current_user as login,
    least(
        nullif((select rolconnlimit from pg_roles where rolname = current_user), -1),
        current_setting('max_connections')::integer
        - current_setting('superuser_reserved_connections')::integer
    ) as connections
"""

_log = structlog.get_logger()


def run(settings: WorkerSettings) -> None:
    """Until it is told to stop."""
    configure(settings.log_level, "worker")
    tracing.configure("worker", settings.otel_exporter_otlp_endpoint)
    monitor = Monitor()
    if settings.worker_metrics_port:
        monitor.serve(settings.worker_metrics_host, settings.worker_metrics_port)
    asyncio.run(_watched(settings, monitor))


async def _watched(settings: WorkerSettings, monitor: Monitor) -> None:
    with monitor.watching(asyncio.get_running_loop()):
        await _run(settings)


async def _run(settings: WorkerSettings) -> None:
    url = settings.worker_db_url.get_secret_value()
    queues, concurrency = settings.worker_queues, settings.worker_concurrency
    async with (
        async_pool(url, application_name="worker", max_size=_pool_size(settings)) as pool,
        open_services(settings, TASKS) as services,
    ):
        await _check_budget(pool, settings.worker_connections)
        await _report_webhook_key(pool, services)
        runner = Runner(
            pool,
            url,
            handlers(services),
            queues=queues,
            concurrency=concurrency,
            lease_seconds=settings.lease_seconds,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runner.stop)
        _log.info("worker_started", queues=queues, concurrency=concurrency)
        await runner.run()
        _log.info("worker_stopped")


async def _report_webhook_key(pool: Pool, services: Services) -> None:
    try:
        await webhooks.report_key(pool, services.webhook_secrets)
    except psycopg.Error as error:
        _log.warning("webhook_key_not_checked", error_class=type(error).__name__)


def _pool_size(settings: WorkerSettings) -> int:
    billing = BILLING_CONNECTIONS if "billing" in settings.worker_queues else 0
    rest = settings.worker_connections - _SINGLE_CONNECTIONS - billing
    return min(rest, settings.worker_concurrency + 2)


async def _check_budget(pool: Pool, budget: int) -> None:
    """Ends a worker that wants more connections than the server ever grants its login.

    A server that is away now is waited for, as at any other time.
    """
    try:
        async with pool.connection() as db:
            row = await (await db.execute(_GRANTED)).fetchone()
    except psycopg.Error as error:
        _log.warning("database_unreachable", error_class=type(error).__name__)
        return
    granted = cast("int", row["connections"]) if row else 0
    if budget > granted:
        raise SystemExit(
            f"WORKER_CONNECTIONS is {budget}, but the server grants {granted} to"
            f" {row['login'] if row else 'nobody'}."
        )
