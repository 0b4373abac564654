"""Apps under gunicorn, with the settings that the edge is deployed with."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from local import stripe
from tests.fakes.clerk import WEBHOOK_SECRET, Clerk
from tests.patience import GUNICORN, PATIENCE_SECONDS
from tests.server import ROOT, free_port
from tests.webhooks.edge import signing_jwk

CLERK = Clerk()


@dataclass(frozen=True)
class Served:
    """A gunicorn with its workers."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """What master and workers have used so far."""
        master = psutil.Process(self.pid)
        return sum(
            sum(process.cpu_times()[:2])
            for process in [master, *master.children(recursive=True)]
            if process.is_running()
        )


@contextmanager
def edge(folder: Path, database_url: str, *options: str, **settings: str) -> Iterator[Served]:
    """Our app, with more options of gunicorn; Clerk and Stripe are known by their keys only."""
    keys = folder / "edge.json"
    keys.write_text(json.dumps({"keys": [signing_jwk()]}))
    variables = {
        "WEBHOOK_DB_URL": database_url,
        "EDGE_ISSUER": "http://edge.test",
        "EDGE_SIGNING_KEYS_FILE": str(keys),
        "CLERK_ISSUER": CLERK.issuer,
        "CLERK_AUTHORIZED_PARTIES": CLERK.origin,
        "CLERK_JWT_KEY": CLERK.pem,
        "CLERK_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "STRIPE_WEBHOOK_SECRETS": stripe.SECRET,
        "READ_SECONDS": "25",  # the most; a busy machine makes both sides slow
        **settings,
    }
    with _gunicorn("webhooks.app:create_app()", variables, *options) as served:
        yield served


@contextmanager
def bare() -> Iterator[Served]:
    """The least a Flask route can be."""
    with _gunicorn("tests.benchmarks.edge.bare:create_app()", {}) as served:
        yield served


@contextmanager
def gateway(edge_port: int) -> Iterator[Served]:
    """The local gateway, as the stack starts it; nothing listens where PostgREST would."""
    port = free_port()
    lines = (ROOT / "local" / "Procfile").read_text().splitlines()
    [command] = [line for line in lines if line.startswith("gateway:")]
    ports = {"API_PORT": str(port), "EDGE_PORT": str(edge_port), "REST_PORT": str(free_port())}
    words = shlex.split(command.partition("gunicorn ")[2].replace("$API_PORT", str(port)))
    with _process(port, words, ports) as served:
        yield served


@contextmanager
def _gunicorn(app: str, variables: dict[str, str], *options: str) -> Iterator[Served]:
    port = free_port()
    command = ["-c", "webhooks/gunicorn.conf.py", "--no-control-socket", "-b", f"127.0.0.1:{port}"]
    with _process(port, [*command, *options, app], variables) as served:
        yield served


@contextmanager
def _process(port: int, words: list[str], variables: dict[str, str]) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *words],
        env=os.environ | GUNICORN | variables,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS):
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")
