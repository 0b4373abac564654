"""`python -m workers`: runs jobs until told to stop.

SIGTERM finishes or hands back what is running.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

import structlog
from prometheus_client import start_http_server

from core.config import QUEUES, OperatorSettings, WorkerSettings, load
from core.database import async_pool
from core.logs import configure
from workers import operator
from workers.providers.services import open_services
from workers.registry import handlers
from workers.runner import Runner

_log = structlog.get_logger()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument(
        "--queues", help=f"comma-separated, of {','.join(QUEUES)}; default: WORKER_QUEUES, else all"
    )
    parser.add_argument(
        "--concurrency", type=int, help="jobs at once; default: WORKER_CONCURRENCY, else 10"
    )
    operator.add_commands(parser)
    arguments = parser.parse_args()
    if arguments.command:
        sys.exit(operator.run(arguments, load(OperatorSettings)))
    settings = load(
        WorkerSettings,
        worker_queues=arguments.queues,
        worker_concurrency=arguments.concurrency,
    )
    configure(settings.log_level, "worker")
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, "127.0.0.1")
    asyncio.run(_run(settings))


async def _run(settings: WorkerSettings) -> None:
    url = settings.worker_db_url.get_secret_value()
    queues, concurrency = settings.worker_queues, settings.worker_concurrency
    async with (
        async_pool(url, application_name="worker", max_size=min(concurrency, 8) + 2) as pool,
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
