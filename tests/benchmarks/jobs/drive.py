"""One measurement of one Python system in a process of its own; prints its numbers as JSON.

python -m tests.benchmarks.jobs.drive '{"system": …, "case": …, "target": …, "parameters": …}'
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from importlib import import_module

from tests.benchmarks.jobs.backlog import BACKLOG_CASES
from tests.benchmarks.jobs.cases import CASES
from tests.benchmarks.jobs.systems.system import System
from tests.benchmarks.jobs.target import Order, Target

# Imported by name: a process loads the one system that it measures.
_SYSTEMS = {
    "ours": ("ours", "Ours"),
    "ours (1000 users)": ("ours", "OursOfManyUsers"),
    "pgmq read + delete": ("pgmq", "Pgmq"),
    "procrastinate": ("procrastinate", "Procrastinate"),
    "pgqueuer (psycopg)": ("pgqueuer", "PgQueuerOnPsycopg"),
    "pgqueuer (asyncpg)": ("pgqueuer", "PgQueuerOnAsyncpg"),
    "celery + redis": ("celery", "Celery"),
}


def main() -> None:
    """Entry point."""
    order = Order.loads(sys.argv[1])
    numbers = asyncio.run(_measure(order))
    print(json.dumps(numbers))  # noqa: T201 - the last line is the answer


async def _measure(order: Order) -> dict[str, float]:
    module, name = _SYSTEMS[order.system]
    make: Callable[[Target], System] = getattr(
        import_module(f"tests.benchmarks.jobs.systems.{module}"), name
    )
    system = make(order.target)
    if order.case == "install":
        await system.install()
        return {}
    return await (CASES | BACKLOG_CASES)[order.case](system, order.target, order.parameters)


if __name__ == "__main__":
    main()
