"""`python -m tests.benchmarks.edge`: exchange and webhook at a steady rate, beside a bare route.

A server, two gunicorns and the load share this machine: read the columns against each other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pytest_postgresql.janitor import DatabaseJanitor

from tests import server
from tests.database import Database
from tests.fakes import stripe
from tests.fakes.clerk import WEBHOOK_SECRET, Clerk
from tests.server import free_port
from tests.webhooks.edge import signing_jwk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Request = tuple[str, dict[str, str], bytes]

CLERK = Clerk()
_CLIENTS = 32


@dataclass(frozen=True)
class Result:
    """Milliseconds of one case on one system."""

    case: str
    system: str
    milliseconds: list[float]
    failures: int

    def rows(self) -> list[dict[str, Any]]:
        cuts = statistics.quantiles(self.milliseconds, n=100)
        named = {"p50": cuts[49], "p99": cuts[98], "failures": float(self.failures)}
        units = {"failures": "requests"}
        return [
            {
                "case": self.case,
                "system": self.system,
                "metric": metric,
                "value": round(value, 2),
                "unit": units.get(metric, "ms"),
            }
            for metric, value in named.items()
        ]


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.edge", description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10, help="for each case and system")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--output", type=Path, help="where to write the rows as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, edge(Path(folder)) as ours, bare() as theirs:
        results = [
            measure(case, system, url, make(options.users), options)
            for case, make in (("session", sessions), ("stripe webhook", deliveries))
            for system, url in (("edge", ours), ("bare Flask route", theirs))
        ]
    rows = [row for result in results for row in result.rows()]
    for row in rows:
        print(*(f"{value!s:18}" for value in row.values()))  # noqa: T201
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n")


def sessions(users: int) -> Callable[[int], Request]:
    """Sign-ins of many people; their tokens are made before the clock starts."""
    now = int(time.time())
    tokens = [CLERK.token(now, f"user_{number}", exp=now + 600) for number in range(users)]
    return lambda number: (
        "/auth/session",
        {"Authorization": f"Bearer {tokens[number % users]}"},
        b"",
    )


def deliveries(_users: int) -> Callable[[int], Request]:
    """Events that are new each time."""
    started = time.time_ns()

    def make(number: int) -> Request:
        event = {
            "id": f"evt_{started}{number}",
            "object": "event",
            "type": "customer.subscription.updated",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "sub_1", "customer": f"cus_{number % 500}"}},
        }
        body, signature = stripe.signed(event, now=int(time.time()))
        return "/subscriptions/webhook", {"Stripe-Signature": signature}, body

    return make


def measure(
    case: str, system: str, url: str, make: Callable[[int], Request], options: argparse.Namespace
) -> Result:
    """Asks at the given rate whatever the answers take, so that a slow one delays no other."""
    asyncio.run(drive(url, make, rate=options.rate, seconds=2))
    taken = asyncio.run(drive(url, make, rate=options.rate, seconds=options.seconds))
    good = [milliseconds for milliseconds, status in taken if status == 200]
    return Result(case, system, good, len(taken) - len(good))


async def drive(
    url: str, make: Callable[[int], Request], *, rate: int, seconds: int
) -> list[tuple[float, int]]:
    """Milliseconds and status of each request, counted from when it was due."""
    numbers = iter(range(rate * seconds))
    # Idle connections are dropped before the server does it, which would look like a failure.
    limits = httpx.Limits(max_connections=_CLIENTS, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=5) as client:
        started = time.perf_counter() + 0.2

        async def one_client() -> list[tuple[float, int]]:
            taken = []
            for number in numbers:
                due = started + number / rate
                await asyncio.sleep(max(0, due - time.perf_counter()))
                status = await ask(client, make(number))
                taken.append(((time.perf_counter() - due) * 1000, status))
            return taken

        every = await asyncio.gather(*(one_client() for _ in range(_CLIENTS)))
    return [each for taken in every for each in taken]


async def ask(client: httpx.AsyncClient, request: Request) -> int:
    path, headers, body = request
    try:
        return (await client.post(path, headers=headers, content=body)).status_code
    except httpx.TransportError:
        return 0


@contextmanager
def edge(folder: Path) -> Iterator[str]:
    """Our app under gunicorn on a database of its own."""
    keys = folder / "edge.json"
    keys.write_text(json.dumps({"keys": [signing_jwk()]}))
    with database() as db:
        variables = {
            "WEBHOOK_DB_URL": db.url("webhook"),
            "EDGE_ISSUER": "http://edge.test",
            "EDGE_SIGNING_KEYS_FILE": str(keys),
            "CLERK_ISSUER": CLERK.issuer,
            "CLERK_AUTHORIZED_PARTIES": CLERK.origin,
            "CLERK_JWT_KEY": CLERK.pem,
            "CLERK_WEBHOOK_SECRETS": WEBHOOK_SECRET,
            "STRIPE_WEBHOOK_SECRETS": stripe.SECRET,
        }
        with gunicorn("webhooks.app:create_app()", variables) as url:
            yield url


@contextmanager
def database() -> Iterator[Database]:
    for running in server.run(server.ROOT / ".local"):
        janitor = DatabaseJanitor(
            user=running.user,
            host=running.host,
            port=running.port,
            dbname="edge",
            template_dbname="template1",
        )
        with janitor:
            janitor.load(server.PLATFORM)
            janitor.load(server.migrate)
            yield Database(running.host, running.port, "edge")


@contextmanager
def bare() -> Iterator[str]:
    """The least a Flask route can be, under the same settings."""
    with gunicorn("tests.benchmarks.edge.bare:create_app()", {}) as url:
        yield url


@contextmanager
def gunicorn(app: str, variables: dict[str, str]) -> Iterator[str]:
    port = free_port()
    command = ["-c", "webhooks/gunicorn.conf.py", "--no-control-socket", "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *command, app],
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"nothing answers at {url}")


if __name__ == "__main__":
    main()
