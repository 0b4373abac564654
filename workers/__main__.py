"""`python -m workers`: runs jobs until told to stop.

SIGTERM finishes or hands back what is running.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

import structlog
from prometheus_client import start_http_server

from core.config import WorkerSettings
from core.database import async_pool
from core.logs import configure
from workers.providers.services import open_services
from workers.registry import handlers
from workers.runner import Runner

_log = structlog.get_logger()


def main() -> None:
    """Entry point."""
    settings = WorkerSettings()
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument(
        "--queues",
        default=",".join(settings.worker_queues),
        help="comma-separated; default: %(default)s",
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        default=settings.worker_concurrency,
        help="jobs at once; default: %(default)s",
    )
    arguments = parser.parse_args()
    configure(settings.log_level, "worker")
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, "127.0.0.1")
    asyncio.run(_run(settings, arguments.queues.split(","), arguments.concurrency))


async def _run(settings: WorkerSettings, queues: list[str], concurrency: int) -> None:
    url = settings.worker_db_url.get_secret_value()
    async with (
        async_pool(url, application_name="worker", max_size=min(concurrency, 16) + 2) as pool,
        open_services(settings) as services,
    ):
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


if __name__ == "__main__":
    main()
