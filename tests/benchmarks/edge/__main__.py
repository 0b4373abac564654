"""`python -m tests.benchmarks.edge`: exchange and webhook at a steady rate, beside a bare route.

Prints a table, writes docs/benchmarks/edge.json, edge.md and edge.png; under four minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from local import stripe
from tests.benchmarks.edge import load, page, plot
from tests.benchmarks.jobs import machine, report
from tests.benchmarks.jobs.machine import Watch
from tests.benchmarks.jobs.measure import Sample
from tests.benchmarks.jobs.server import Server, running
from tests.benchmarks.jobs.target import Target
from tests.server import ROOT, migrate
from tests.webhooks import served
from tests.webhooks.served import Served

_DOCS = ROOT / "docs" / "benchmarks"
_WARM_UP_SECONDS = 1


def main() -> None:
    """Entry point."""
    options = _arguments()
    with running(ROOT / ".local" / "benchmark-edge") as server:
        facts = {"postgresql": server.version(), **machine.describe()}
        taken = list(_samples(server, options))
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"
    facts["date"] = now
    measured = report.rows(taken, now)
    setting = {name: getattr(options, name) for name in ("rate", "rounds", "users")}
    text = page.text(facts, measured, setting | {"clients": load.CLIENTS})
    report.save(options.out / "edge.json", facts, measured)
    (options.out / "edge.md").write_text(text)
    plot.save(options.out / "edge.png", measured)
    print("\n" + page.summary(measured))  # noqa: T201 - a command


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.edge", description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="requests a second")
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each number")
    parser.add_argument("--users", type=int, default=1000, help="people who sign in")
    parser.add_argument("--out", type=Path, default=_DOCS, help="default: %(default)s")
    return parser.parse_args()


def _samples(server: Server, options: argparse.Namespace) -> Iterator[Sample]:
    """The systems in turn within each case and round, so that a slow minute meets both."""
    with (
        tempfile.TemporaryDirectory() as folder,
        server.database("edge", _install) as target,
        served.edge(Path(folder), target.url("webhook")) as ours,
        served.bare() as bare,
    ):
        cases = (("session", _sessions(options.users)), ("stripe webhook", _deliveries()))
        for _round in range(options.rounds):
            for case, make in cases:
                for system, app in (("ours", ours), ("bare Flask route", bare)):
                    watch = Watch(os.getpid(), server.postmaster)
                    numbers = _measure(app, make, options)
                    sample = Sample(case, system, numbers, watch.foreign_share())
                    print(sample, flush=True)  # noqa: T201 - a command
                    yield sample


def _measure(
    app: Served, make: Callable[[int], bytes], options: argparse.Namespace
) -> dict[str, float]:
    asyncio.run(load.drive(app.port, make, rate=options.rate, seconds=_WARM_UP_SECONDS))
    before = app.cpu_seconds()
    taken = asyncio.run(load.drive(app.port, make, rate=options.rate, seconds=options.seconds))
    used = app.cpu_seconds() - before
    cuts = statistics.quantiles([milliseconds for milliseconds, _ in taken], n=100)
    return {
        "p50_ms": cuts[49],
        "p99_ms": cuts[98],
        "cpu_us_per_request": used / len(taken) * 1e6,
        "failures": sum(status != 200 for _, status in taken),
    }


def _sessions(users: int) -> Callable[[int], bytes]:
    """Sign-ins of many people; their tokens are made before the clock starts."""
    now = int(time.time())
    tokens = [served.CLERK.token(now, f"user_{number}", exp=now + 900) for number in range(users)]
    requests = [
        load.request("/auth/session", {"Authorization": f"Bearer {token}"}) for token in tokens
    ]
    return lambda number: requests[number % users]


def _deliveries() -> Callable[[int], bytes]:
    """Events of five hundred customers, new each time."""

    def make(number: int) -> bytes:
        event = {
            "id": f"evt_{time.time_ns()}",
            "object": "event",
            "type": "customer.subscription.updated",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "sub_1", "customer": f"cus_{number % 500}"}},
        }
        body, signature = stripe.signed(event, now=int(time.time()))
        return load.request("/subscriptions/webhook", {"Stripe-Signature": signature}, body)

    return make


def _install(target: Target) -> None:
    migrate(target.socket_dir, target.port, target.database)


if __name__ == "__main__":
    main()
