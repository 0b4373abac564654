"""`python -m workers` as an operator runs it: real processes that are asked to stop, or killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from core.config import EdgeSettings, OperatorSettings, WorkerSettings
from tests.database import Database, Row, make_product, make_user
from tests.fakes.website import serving
from tests.patience import PATIENCE_SECONDS
from tests.rows import make_webhook
from tests.server import ROOT

LEASE_SECONDS = 6  # beats every two seconds: a busy machine may be late with one
COMMAND = [sys.executable, "-m", "workers"]
DUE_AT = (
    "select extract(epoch from vt)::float from pgmq.q_jobs where headers ->> 'queue' = 'ingestion'"
)
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


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
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
        timeout=PATIENCE_SECONDS,
    )


def test_help_names_the_options_and_needs_no_settings():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "--queues" in result.stdout
    assert "--concurrency" in result.stdout


def test_help_loads_no_library_that_only_jobs_or_operators_need():
    """What takes seconds on a slow machine: clients, models, validation, database drivers."""
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "workers", "--help"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in loaded.splitlines()}
    ours_or_python = {"core", "workers", "imported package", *sys.stdlib_module_names}
    site = {
        name for name in names if "site" in name or "distutils" in name or name.startswith("__")
    }
    assert names - ours_or_python - site == set()


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
async def test_a_signal_hands_back_before_the_lease_ends_and_burns_no_attempt(
    db: Database, tmp_path: Path, number: int
):
    user_id = make_user(db)
    async with serving() as shop:  # never answers
        make_product(db, user_id, source_url=f"{shop.origin}/lamp")
        env = environment(db, FETCH_ALLOW=f"127.0.0.1:{shop.port}")
        with worker(tmp_path / "log", env) as process:
            job = await until_status(db, user_id, "running")
            process.send_signal(number)
            await until_status(db, user_id, "queued")
            assert await asyncio.to_thread(process.wait, PATIENCE_SECONDS) == 0
    # A lease that ends by itself counts a crash.
    assert db.row(JOB, user_id) == job | {"status": "queued", "attempt": 1, "crashes": 0}


async def test_after_kill_nine_another_worker_resumes_within_one_lease(
    db: Database, tmp_path: Path
):
    user_id = make_user(db)
    async with serving() as shop:  # never answers
        make_product(db, user_id, source_url=f"{shop.origin}/lamp")
        env = environment(db, FETCH_ALLOW=f"127.0.0.1:{shop.port}")
        with worker(tmp_path / "a", env) as first:
            await until(lambda: len(shop.requests) == 1)
            first.kill()
            first.wait()
            assert db.value(DUE_AT) - time.time() < LEASE_SECONDS
        with worker(tmp_path / "b", env):
            await until(lambda: len(shop.requests) == 2)
    assert db.row("select failures, crashes from public.jobs where user_id = %s", user_id) == {
        "failures": 0,
        "crashes": 1,
    }


async def test_a_killed_try_is_finished_by_the_next_worker(db: Database, tmp_path: Path):
    user_id = make_user(db)
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
    db.execute("delete from private.schedules")  # one may be due now, and be logged
    log = tmp_path / "log"
    with worker(log, environment(db), "--queues", "billing", "--concurrency", "3") as process:
        await until_started(log)
        process.terminate()
        assert await asyncio.to_thread(process.wait, PATIENCE_SECONDS) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["worker_started", "worker_stopped"]
    assert (lines[0]["queues"], lines[0]["concurrency"]) == (["billing"], 3)


async def test_a_worker_without_the_key_of_endpoints_in_use_says_so(db: Database, tmp_path: Path):
    make_webhook(db, make_user(db))
    other = Fernet.generate_key().decode()
    problems = []
    for name, keys in (("a", {}), ("b", {"WEBHOOK_SECRET_KEYS": other})):
        with worker(tmp_path / name, environment(db, **keys), "--queues", "billing"):
            await until_started(tmp_path / name)
        line = json.loads((tmp_path / name).read_text().splitlines()[0])
        problems.append((line["event"], line["level"], line["problem"]))
        assert "WEBHOOK_SECRET_KEYS" in line["hint"] or "register-webhook-key" in line["hint"]
    assert problems == [
        ("webhook_key_problem", "error", "no_key"),
        ("webhook_key_problem", "error", "not_registered"),
    ]


async def test_a_worker_keeps_to_its_budget_of_connections(db: Database, tmp_path: Path):
    user_id = make_user(db)
    async with serving() as shop:  # never answers
        for _ in range(3):
            make_product(db, user_id, source_url=f"{shop.origin}/lamp")
        env = environment(db, FETCH_ALLOW=f"127.0.0.1:{shop.port}", WORKER_CONNECTIONS="6")
        with worker(tmp_path / "log", env):
            await until(lambda: len(shop.requests) >= 2)
            assert 0 < db.value(CONNECTIONS) <= 6


CONNECTIONS = "select count(*) from pg_stat_activity where usename = 'worker'"


def test_a_budget_beyond_what_the_server_grants_is_refused_with_a_sentence(db: Database):
    most = db.value(
        "select current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
    )
    with db.as_superuser() as superuser:
        superuser.execute("update pg_authid set rolconnlimit = 150 where rolname = 'worker'")
    try:
        result = run(WORKER_DB_URL=db.url("worker"), WORKER_CONNECTIONS="200")
    finally:
        with db.as_superuser() as superuser:
            superuser.execute("alter role worker connection limit -1")
    granted = min(most, 150)
    sentence = f"WORKER_CONNECTIONS is 200, but the server grants {granted} to worker.\n"
    assert (result.returncode, result.stderr) == (1, sentence)


SOMEWHERE = "postgresql://worker@db.example/postgres"


@pytest.mark.parametrize(
    "url", [SOMEWHERE, f"{SOMEWHERE}?sslmode=require", f"{SOMEWHERE}?host=127.0.0.1,db.example"]
)
def test_production_refuses_a_database_that_need_not_prove_its_name(url: str):
    result = run(APP_ENV="production", WORKER_DB_URL=url, PSEUDONYM_KEY="canary" * 6)
    assert result.returncode == 1
    assert result.stderr == ("WORKER_DB_URL must say sslmode=verify-full when APP_ENV=production\n")


@pytest.mark.parametrize("name", ["WORKER_DB_URL", "WEBHOOK_DB_URL", "DB_URL"])
def test_each_database_url_is_held_to_it(name: str):
    kinds = {"WORKER_DB_URL": WorkerSettings, "DB_URL": OperatorSettings}
    kind = kinds.get(name, EdgeSettings)
    field = {name.lower(): f"{SOMEWHERE}?sslmode=prefer", "app_env": "production"}
    with pytest.raises(ValidationError) as refused:
        kind(**EDGE | field, pseudonym_key="x" * 32)
    assert f"{name} must say sslmode=verify-full" in str(refused.value)


def test_a_verified_server_or_one_on_this_machine_is_accepted():
    for url in (f"{SOMEWHERE}?sslmode=verify-full", "postgresql://w@/p?host=/run/postgresql"):
        OperatorSettings(app_env="production", db_url=url)


EDGE = {
    "edge_issuer": "https://edge.example",
    "edge_signing_keys_file": "keys.json",
    "clerk_issuer": "https://clerk.example",
    "clerk_authorized_parties": ("https://app.example",),
    "clerk_jwks_url": "https://clerk.example/jwks",
    "clerk_webhook_secrets": ("whsec_aGVsbG8=",),
    "app_url": "https://app.example",
}
