"""One worker with hostile pages: when jobs of others begin and end beside them.

The whole corpus is first one account's, then each input is another account's at the same moment:
those fill every slot of one worker, and others queue as they would behind any work.

A wait counts from the start of the transaction that adds the product. Others add theirs through
one connection that stays open, as PostgREST's pool does: a new one takes longer than the worker.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.data import hostile
from tests.database import Database, Session, make_product, make_user
from tests.fakes.website import Website, serving
from tests.server import ROOT, free_port
from tests.trials.figures import Figure
from tests.trials.migrated import migrated_database

GOOD, CPU_SECONDS, PATIENCE_SECONDS = 25, 3, 60
PAGE = """<title>Lamp</title><script type="application/ld+json">{"@type": "Product",
 "name": "Lamp", "offers": {"@type": "Offer", "price": "12.50", "priceCurrency": "EUR"}}</script>"""
WAITS = """
select extract(epoch from started_at - created_at)::float as start,
    extract(epoch from finished_at - created_at)::float as finish
from public.jobs where user_id = any (%s) and finished_at is not null
"""
ENDED = "select count(*) from public.jobs where user_id = any (%s) and finished_at is not null"


class _Pooled(Database):
    """Its requests share a connection."""

    def __init__(self, db: Database) -> None:
        super().__init__(db.host, db.port, db.name)
        self._pooled = self.connect("authenticator")

    @contextmanager
    def _login(self, role: str) -> Iterator[Session]:
        assert role == "authenticator"
        with self._pooled.transaction():
            yield Session(self._pooled)

    def close(self) -> None:
        self._pooled.close()
        self.connection.close()


def run() -> list[Figure]:
    """Idle first, then the same beside the corpus."""
    figures = []
    for is_one in (True, False):
        with migrated_database() as db, tempfile.TemporaryDirectory() as folder:
            db.execute("delete from private.schedules")
            db.execute("update public.plans set max_products = 1000, analyses_per_month = 1000")
            figures += asyncio.run(_try(db, Path(folder), is_one=is_one))
    return figures


async def _try(db: Database, folder: Path, *, is_one: bool) -> list[Figure]:
    async with serving() as site:
        others = _Pooled(db)
        port = free_port()
        process = _start(db, site, port, folder / "log")
        try:
            good = site.page("/good", PAGE)
            await _jobs(others, good, 2)  # the first ones wait for the worker to start
            idle = await _jobs(others, good, GOOD)
            attacker = make_user(db)
            users = {name: attacker if is_one else make_user(db) for name in hostile.CASES}
            for number, (name, make) in enumerate(hostile.CASES.items()):
                make_product(db, users[name], source_url=site.page(f"/{number}", make()))
            scrapes = asyncio.create_task(_slowest_scrape(port))
            cpu = _cpu_seconds(process)
            beside = await _jobs(others, good, GOOD)
            spent = (_cpu_seconds(process) - cpu) / (GOOD + len(users))
            memory = _memory_bytes(process)
            scrapes.cancel()
            slowest = await scrapes
            hostile_ended = await asyncio.to_thread(_wait, db, list(users.values()))
            process.send_signal(signal.SIGTERM)
            began = time.perf_counter()
            code = await asyncio.to_thread(process.wait, PATIENCE_SECONDS)
            stopped = time.perf_counter() - began
        finally:
            process.kill()
            process.wait()
            others.close()
    floor = 0.05  # below that, a ratio of two starts says nothing
    ratio = _p99(beside, "start") / max(_p99(idle, "start"), floor)
    forever = "for ever"
    whose = "one account's" if is_one else f"{len(users)} accounts'"
    return [
        Figure(
            f"{whose} corpus: jobs of others ended beside", len(beside), before="0", at_least=GOOD
        ),
        Figure("hostile jobs ended", hostile_ended, before="0", at_least=len(users)),
        Figure("start p50 idle", 1000 * _p50(idle, "start"), "ms"),
        Figure("start p50 beside", 1000 * _p50(beside, "start"), "ms", forever),
        Figure("start p99 idle", 1000 * _p99(idle, "start"), "ms"),
        Figure("start p99 beside", 1000 * _p99(beside, "start"), "ms", forever),
        Figure("start p99 beside / idle", ratio, "", forever, at_most=2 if is_one else None),
        Figure("end p50 idle", 1000 * _p50(idle, "finish"), "ms"),
        Figure("end p50 beside", 1000 * _p50(beside, "finish"), "ms", forever),
        Figure("slowest metrics", slowest, "s", "no answer", at_most=2),
        Figure("CPU of the worker itself a job", 1000 * spent, "ms"),
        Figure("memory of worker and children", memory / 2**20, "MiB", at_most=2048),
        Figure("SIGTERM to exit", stopped, "s", "ignored", at_most=15),
        Figure("its exit code", code, at_most=0),
    ]


def _start(db: Database, site: Website, port: int, log: Path) -> subprocess.Popen[bytes]:
    env = {
        "PATH": os.environ["PATH"],
        "WORKER_DB_URL": db.url("worker"),
        "FETCH_ALLOW": f"127.0.0.1:{site.port}",
        "WORKER_TASK_CPU_SECONDS": str(CPU_SECONDS),
        "WORKER_METRICS_PORT": str(port),
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "workers"], cwd=ROOT, env=env, stdout=output, stderr=output
        )


async def _jobs(db: Database, url: str, count: int) -> list[dict[str, float]]:
    """A job each of as many users, one after the other; how long each waited."""
    users = []
    for _ in range(count):
        users.append(make_user(db))
        make_product(db, users[-1], source_url=url)
        await asyncio.sleep(0.1)
    await asyncio.to_thread(_wait, db, users)
    return db.rows(WAITS, users)


def _wait(db: Database, users: list) -> int:
    """How many of their jobs have ended within a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (ended := db.value(ENDED, list(set(users)))) < len(users) and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(ended)


async def _slowest_scrape(port: int) -> float:
    slowest = 0.0
    try:
        while True:
            began = time.perf_counter()
            await asyncio.to_thread(_scrape, port)
            slowest = max(slowest, time.perf_counter() - began)
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return slowest


def _scrape(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        answer.read()


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def _memory_bytes(process: subprocess.Popen[bytes]) -> int:
    """Memory that processes share counts once."""
    parent = psutil.Process(process.pid)
    total = 0
    for one in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # a child that has ended meanwhile
            total += one.memory_full_info().pss
    return total


def _p50(waits: list[dict[str, float]], what: str) -> float:
    return statistics.median(wait[what] for wait in waits) if waits else float("inf")


def _p99(waits: list[dict[str, float]], what: str) -> float:
    """Of so few it is the largest."""
    return max((wait[what] for wait in waits), default=float("inf"))
