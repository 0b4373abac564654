"""PostgreSQL is away for 25 seconds at 26 sign-ins a second: how they and /healthz are answered."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import httpx

from local import postgres, provisioning, scratch
from local.layout import ROOT
from tests.trials.figures import Figure
from tests.webhooks import served

_AWAY_SECONDS = 25.0
_PER_SECOND = 26
_PATIENCE_SECONDS = 60.0
_CLIENTS = 200  # so that slow answers hold back no request


def run() -> list[Figure]:
    """Starts a server and an edge of its own."""
    with (
        scratch.database(ROOT / ".local") as database,
        tempfile.TemporaryDirectory() as folder,
    ):
        server, password = database.server, secrets.token_urlsafe(16)
        provisioning.set_passwords(server.superuser_url(), {"webhook": password})
        url = f"postgresql://webhook:{password}@127.0.0.1:{server.port}/postgres"
        with served.edge(Path(folder), url) as edge:
            return _tried(server, f"http://127.0.0.1:{edge.port}")


def _tried(server: postgres.Server, url: str) -> list[Figure]:
    with httpx.Client(
        base_url=url, timeout=60, trust_env=False, limits=httpx.Limits(max_connections=None)
    ) as client:
        _until_served(client)
        postgres.stop(server.data_dir)
        requests, health = _load(client)
        postgres.start(server.data_dir, server.port, fsync="off")
        back = time.perf_counter()
        _until_served(client)
        recovery = time.perf_counter() - back
    statuses = Counter(status for status, _ in requests)
    taken = quantiles([ms for _, ms in requests], n=100, method="inclusive")
    alive = quantiles([ms for _, ms in health], n=100, method="inclusive")
    others = sum(statuses.values()) - statuses[503]
    return [
        Figure("requests", len(requests)),
        Figure("not answered with 503", others, before="0", at_most=0),
        Figure("requests p50", taken[49], "ms", "10,000 ms", at_most=100),
        Figure("requests p99", taken[98], "ms", at_most=4000),
        Figure("/healthz p50", alive[49], "ms", at_most=100),
        Figure("/healthz p99", alive[98], "ms", "8,000-14,000 ms", at_most=1000),
        Figure("/healthz not 200", sum(status != 200 for status, _ in health), at_most=0),
        Figure("served again after", recovery, "s", at_most=5),
    ]


def _load(client: httpx.Client) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Open loop: requests come at their time, whatever became of those before."""
    over = threading.Event()
    with ThreadPoolExecutor(_CLIENTS) as threads:
        watch = threads.submit(_watch, client, over)
        begun, sent = time.perf_counter(), []
        for number in range(int(_AWAY_SECONDS * _PER_SECOND)):
            time.sleep(max(0.0, begun + number / _PER_SECOND - time.perf_counter()))
            sent.append(threads.submit(_sign_in, client))
        requests = [each.result() for each in sent]
        over.set()
        return requests, watch.result()


def _watch(client: httpx.Client, over: threading.Event) -> list[tuple[int, float]]:
    answers = []
    while not over.wait(0.1):
        started = time.perf_counter()
        status = client.get("/healthz").status_code
        answers.append((status, (time.perf_counter() - started) * 1000))
    return answers


def _sign_in(client: httpx.Client) -> tuple[int, float]:
    token = served.CLERK.token(int(time.time()), f"user_{secrets.token_hex(8)}")
    started = time.perf_counter()
    answer = client.post("/auth/session", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, (time.perf_counter() - started) * 1000


def _until_served(client: httpx.Client) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _sign_in(client)[0] != httpx.codes.OK:
        if time.monotonic() > deadline:
            raise RuntimeError("the edge does not serve")
        time.sleep(0.05)
