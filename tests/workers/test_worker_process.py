"""`python -m workers` as an operator runs it: real processes that are asked to stop, or killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.database import make_product, make_user
from tests.fakes.website import serving
from tests.server import ROOT

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.database import Database, Row

LEASE_SECONDS = 2
POLL_SECONDS = 4  # an idle worker sleeps 1.25 at most; the rest is for a busy machine
COMMAND = [sys.executable, "-m", "workers"]
DUE_AT = "select extract(epoch from vt)::float from pgmq.q_ingestion"
JOB = "select id, status, attempt, crashes from public.jobs where user_id = %s"


def environment(db: Database | None = None, **settings: str) -> dict[str, str]:
    """Nothing of the developer's, and leases short enough to wait for."""
    base = {"PATH": os.environ["PATH"], "LEASE_SECONDS": str(LEASE_SECONDS)}
    return base | ({"WORKER_DB_URL": db.url("worker")} if db else {}) | settings


@contextmanager
def worker(log: Path, env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=ROOT, env=env, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Waits for what another process will do; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is outside of this process
            await asyncio.sleep(0.02)


async def until_status(db: Database, user_id: uuid.UUID, status: str) -> Row:
    """The user's job once it is in that status."""
    await until(lambda: db.row(JOB, user_id)["status"] == status)
    return db.row(JOB, user_id)


async def until_started(log: Path) -> None:
    """Until the worker of this log claims."""
    await until(lambda: b"worker_started" in log.read_bytes())


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_the_options_and_needs_no_settings():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "--queues" in result.stdout
    assert "--concurrency" in result.stdout


def test_all_wrong_settings_are_named_at_once_without_their_values():
    result = run(LEASE_SECONDS="canary-1", WORKER_QUEUES="canary-2", WORKER_CONCURRENCY="0")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "WORKER_DB_URL: Field required",
        "WORKER_QUEUES: Name some of ingestion, scripts, billing, maintenance",
        "WORKER_CONCURRENCY: Input should be greater than or equal to 1",
        "LEASE_SECONDS: Input should be a valid integer, unable to parse string as an integer",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_hands_back_within_the_lease_and_burns_no_attempt(
    db: Database, tmp_path: Path, number: int
):
    user_id = make_user()
    async with serving() as shop:  # never answers
        make_product(db, user_id, source_url=f"{shop.origin}/lamp")
        env = environment(db, FETCH_ALLOW=f"127.0.0.1:{shop.port}")
        with worker(tmp_path / "log", env) as process:
            job = await until_status(db, user_id, "running")
            process.send_signal(number)
            asked_at = time.time()
            await until_status(db, user_id, "queued")
            handed_back_at = db.value(DUE_AT)
            assert await asyncio.to_thread(process.wait, 30) == 0
    assert handed_back_at - asked_at < LEASE_SECONDS
    assert db.row(JOB, user_id) == job | {"status": "queued", "attempt": 1, "crashes": 0}


async def test_after_kill_nine_another_worker_resumes_within_one_lease(
    db: Database, tmp_path: Path
):
    user_id = make_user()
    async with serving() as shop:  # never answers
        make_product(db, user_id, source_url=f"{shop.origin}/lamp")
        env = environment(db, FETCH_ALLOW=f"127.0.0.1:{shop.port}")
        with worker(tmp_path / "a", env) as first:
            await until_status(db, user_id, "running")
            with worker(tmp_path / "b", env) as second:
                await until_started(tmp_path / "b")
                first.kill()
                first.wait()
                lease_ends_at = db.value(DUE_AT)
                assert lease_ends_at - time.time() < LEASE_SECONDS
                await until(lambda: len(shop.requests) == 2)
                assert time.time() - lease_ends_at < POLL_SECONDS
                assert second.poll() is None
    assert db.row("select failures, crashes from public.jobs where user_id = %s", user_id) == {
        "failures": 0,
        "crashes": 1,
    }


async def test_a_killed_try_is_finished_by_the_next_worker(db: Database, tmp_path: Path):
    user_id = make_user()
    sample = "https://creatorscook.example/products/walnut-lamp"
    async with serving() as shop:
        product = make_product(db, user_id, source_url=f"{shop.origin}/lamp")
        env = environment(db, FETCH_ALLOW=f"127.0.0.1:{shop.port}")
        with worker(tmp_path / "a", env):
            await until_status(db, user_id, "running")
    db.execute("update public.products set source_url = %s where id = %s", sample, product["id"])
    with worker(tmp_path / "b", environment(db)):
        job = await until_status(db, user_id, "succeeded")
    packs = db.value("select count(*) from public.virality_packs where job_id = %s", job["id"])
    assert (job["attempt"], packs) == (2, 1)


async def test_every_log_line_is_json_with_an_event(db: Database, tmp_path: Path):
    log = tmp_path / "log"
    with worker(log, environment(db), "--queues", "billing", "--concurrency", "3") as process:
        await until_started(log)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["worker_started", "worker_stopped"]
    assert (lines[0]["queues"], lines[0]["concurrency"]) == (["billing"], 3)
