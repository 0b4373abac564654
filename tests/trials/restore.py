"""A server is destroyed under load and restored to a named point in time: what goes on, and once.

The commands are those of docs/backup.md. Some workers live through it all, which the page advises
against: what they hold belongs to a time that is lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from local import postgres
from local.postgres import Server
from local.scratch import free_port
from tests.chaos.feeder import _ENQUEUE
from tests.chaos.servers import ACCOUNTS, connect, make_database, own_server, restart, tcp_url
from tests.chaos.trial import Trial
from tests.database import Database, make_product
from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT
from tests.trials import dumps, runbook
from tests.trials.figures import Figure

_DATABASE = "restore"
_POINT = "before_release"
# Enough of each that some run at every step.
_JOBS_BEFORE, _PRODUCTS_BEFORE, _JOBS_AFTER = 300, 4, 300
_LIVE_JOBS = 24
_SHOP = "https://shop.creatorscook.example/lamp"
_DOUBLED = """
select
    (select count(*) from (select from chaos.effects group by job_id having count(*) > 1) as e)
    + (select count(*) from (
        select from public.virality_packs group by job_id having count(*) > 1) as p)
    + (select count(*) from (
        select from public.analysis_results group by job_id, type having count(*) > 1) as r) as n
"""
_UNDONE = """
select count(*) as n from public.jobs as j where j.kind in ('effect', 'analyze_product') and (
    j.status <> 'succeeded'
    or j.kind = 'effect' and not exists (select from chaos.effects as e where e.job_id = j.id)
    or j.kind = 'analyze_product' and (
        not exists (select from public.virality_packs as p where p.job_id = j.id)
        or not exists (select from public.analysis_results as r where r.job_id = j.id)))
"""
_ENDED = """
select id from public.jobs where status = 'succeeded' and kind in ('effect', 'analyze_product')
"""


@dataclass
class _Users:
    """They add jobs and products all the time, wherever the server is now."""

    server: Server
    confirmed: dict[uuid.UUID, float] = field(default_factory=dict)
    products: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def adding(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._again, args=(add,)) for add in self._ways()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join()

    def _ways(self) -> list[Callable[[], None]]:
        return [self._add_jobs, self._add_product]

    def _again(self, add: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            with suppress(psycopg.OperationalError):  # the server is away
                add()
            self.stopping.wait(0.05)

    def _add_jobs(self) -> None:
        with connect(self.server, _DATABASE) as db:
            while not self.stopping.is_set():
                live = db.execute("select count(*) as n from private.live_jobs").fetchone()
                if live is not None and live["n"] < _LIVE_JOBS:
                    rows = db.execute(_ENQUEUE, (ACCOUNTS, 1, 5)).fetchall()
                    self.confirmed |= {row["job_id"]: time.monotonic() for row in rows}
                self.stopping.wait(0.02)

    def _add_product(self) -> None:
        db = database(self.server)
        try:
            while not self.stopping.is_set():
                owner = ACCOUNTS[self.products % len(ACCOUNTS)]
                product = make_product(db, owner, f"Lamp {self.products}", _SHOP)
                job = db.row("select id from public.jobs where product_id = %s", product["id"])
                self.products += 1
                self.confirmed[job["id"]] = time.monotonic()
                self.stopping.wait(1.5)
        finally:
            db.connection.close()


def run() -> list[Figure]:
    """The physical restore, then dumps of both shapes of pgmq.

    The physical one is on the embedded profile alone: npm has no pg_basebackup of 17, and that of
    18 makes what its pg_verifybackup refuses. A hosted project has the platform's.
    """
    return [*_physical(), *dumps.run()]


def database(server: Server) -> Database:
    """The trial's database, wherever its server is now."""
    return Database(str(server.socket_dir), server.port, _DATABASE)


def _physical() -> list[Figure]:
    with ExitStack() as opened:
        server = opened.enter_context(own_server())
        folder = server.data_dir.parent
        backups, archive = runbook.own(folder / "backups"), runbook.own(folder / "archive")
        restored = runbook.own(folder / "restored")
        opened.callback(lambda: postgres.stop(restored, mode="immediate"))
        given = {
            "SUPERUSER_URL": server.superuser_url(),
            "BACKUPS": str(backups),
            "ARCHIVE": str(archive),
            "DATA": str(restored),
            "POINT": _POINT,
        }
        _prepare(server, given)
        trial = Trial(server, _DATABASE, 0)
        users = _Users(server)
        opened.callback(trial.abandon)
        for _ in range(2):
            trial.start_worker()
        opened.enter_context(_analysing(server, folder))
        with users.adding():
            return _tried(trial, users, given)


def _prepare(server: Server, given: dict[str, str]) -> None:
    with connect(server, "postgres") as superuser:
        superuser.execute("alter system set summarize_wal = on")
    runbook.run("archive", given)
    restart(server)
    make_database(server, _DATABASE)
    with connect(server, _DATABASE) as superuser:
        superuser.execute("update public.plans set analyses_per_month = 100000")
        # Nobody works at this queue: what is claimed of it stays with who claimed it.
        superuser.execute("insert into private.job_kinds (kind, queue) values ('held', 'billing')")


def _tried(trial: Trial, users: _Users, given: dict[str, str]) -> list[Figure]:
    old, restored = trial.server, Path(given["DATA"])
    _until(lambda: len(_ended(old)) > _JOBS_BEFORE / 2)
    began = time.monotonic()
    runbook.run("full", given)
    full_seconds = time.monotonic() - began
    _until(lambda: len(_ended(old)) > _JOBS_BEFORE and users.products >= _PRODUCTS_BEFORE)
    began = time.monotonic()
    runbook.run("increment", given)
    increment_seconds = time.monotonic() - began
    with connect(old, _DATABASE) as db:
        db.execute("select private.enqueue('held', %s)", (ACCOUNTS[0],))
    ended_before, before = _ended(old), time.monotonic()
    promised = {job_id for job_id, at in list(users.confirmed.items()) if at < before}
    runbook.run("point", given)
    # The time that is going to be lost: jobs come in, run and end, and one stays with its worker.
    with connect(old, _DATABASE) as db:
        held = db.execute("select msg_id, read_ct from private.claim('billing', 1, 600)").fetchone()
    _until(lambda: len(_ended(old) - ended_before) > _JOBS_BEFORE / 4)
    ended, confirmed = _ended(old), set(users.confirmed)
    _destroy(old)
    began = time.monotonic()
    runbook.run("combine", given)
    combined_seconds = time.monotonic() - began
    runbook.run("target", given)
    # Closed: nobody but its own user gets in before the tokens are replaced.
    new = postgres.start(restored, old.port, listen_addresses="''")
    _until(lambda: _value(new, "select (not pg_is_in_recovery())::integer as n") == 1)
    given |= {"SUPERUSER_URL": new.superuser_url(_DATABASE)}
    fitting = _late_saves(new, held)
    running = _value(new, "select count(*) as n from public.jobs where status = 'running'")
    runbook.run("after", given)
    still_fitting = _late_saves(new, held)
    restart(new)
    restore_seconds = time.monotonic() - began
    there = _ids(new, "select id from public.jobs")
    known = _ended(new)
    trial.server = users.server = new
    trial.start_worker()
    _until(lambda: bool(_ended(new) - known))
    first_seconds = time.monotonic() - began
    _until(lambda: len(users.confirmed) - len(confirmed) > _JOBS_AFTER)
    users.stopping.set()
    idle = "select count(*) as n from private.live_jobs where kind <> 'held'"
    _until(lambda: _value(new, idle) == 0)
    found = _doctor(new, given)
    codes = trial.stop_workers()
    missing_again = _restored_again(given, promised)
    undone = _value(new, _UNDONE)
    packs = _value(new, "select count(*) as n from public.virality_packs")
    return [
        Figure("full backup, verified", full_seconds, "s"),
        Figure("increment", increment_seconds, "s"),
        Figure("jobs confirmed before the point", len(promised), at_least=_JOBS_BEFORE),
        Figure("... of them lost", len(promised - there) + undone, at_most=0),
        Figure(
            "... of them missing after a second restore, from the full one",
            missing_again,
            at_most=0,
        ),
        Figure("jobs or packs doubled", _value(new, _DOUBLED), at_most=0),
        Figure("packs in the end", packs, at_least=_PRODUCTS_BEFORE),
        Figure("done before the point, gone or run again", len(ended_before - known), at_most=0),
        Figure("added after the point: gone, as said", len(confirmed - there)),
        Figure("ended after the point: run again, as said", len((ended & there) - known)),
        Figure("running at the point", running, at_least=1),
        Figure("combined and verified", combined_seconds, "s"),
        Figure("restored, open again", restore_seconds, "s", at_most=60),
        Figure("first job done again", first_seconds, "s"),
        Figure("late saves of a lost claim that fit, without end_leases", fitting, at_least=1),
        Figure("late saves of a lost claim that fit, with it", still_fitting, "", "1", at_most=0),
        Figure("found by the doctor", found, at_most=0),
        Figure("workers that did not end when asked", sum(code != 0 for code in codes), at_most=0),
    ]


def _destroy(server: Server) -> None:
    """kill -9, then the data directory is gone. The archive has what was switched to it."""
    # The point must be in the archive. What came since the last switch is lost with the disk.
    waiting = "select count(*) as n from pg_ls_archive_statusdir() where name like '%.ready'"
    _until(lambda: _value(server, waiting) == 0)
    pid = int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    shutil.rmtree(server.data_dir, ignore_errors=True)


def _restored_again(given: dict[str, str], promised: set[uuid.UUID]) -> int:
    """Restores from the full backup alone, to the same point, elsewhere: how many jobs it lacks."""
    data = runbook.own(Path(given["DATA"]).with_name("again"))
    given = given | {"DATA": str(data)}
    runbook.run("copy", given)
    runbook.run("target", given)
    try:
        again = postgres.start(data, free_port(), listen_addresses="''")
        _until(lambda: _value(again, "select (not pg_is_in_recovery())::integer as n") == 1)
        return len(promised - _ids(again, "select id from public.jobs"))
    finally:
        postgres.stop(data, mode="immediate")


def _late_saves(server: Server, held: dict[str, object] | None) -> int:
    """How many messages a worker of before could complete, once others have claimed them."""
    assert held is not None
    with connect(server, _DATABASE) as db, db.transaction(force_rollback=True):
        db.execute("select * from private.claim('billing', 1, 600)")
        complete = "select private.complete(%(msg_id)s, %(read_ct)s) as is_done"
        row = db.execute(complete, held).fetchone()
        return int(bool(row and row["is_done"]))


@contextmanager
def _analysing(server: Server, folder: Path) -> Iterator[None]:
    """The product's own worker, which lives through it all."""
    variables = {"WORKER_DB_URL": tcp_url(server.port, _DATABASE), "LEASE_SECONDS": "30"}
    with (folder / "analysing.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers", "--queues", "ingestion", "--concurrency", "2"],
            env=os.environ | variables,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _doctor(server: Server, given: dict[str, str]) -> int:
    url = server.url("postgres", _DATABASE)
    done = subprocess.run(
        [sys.executable, *runbook.steps()["doctor"].split()[1:]],
        check=False,
        env=os.environ | given | {"DB_URL": url},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    if "ok   every live job has its message" not in done.stdout:
        raise RuntimeError(f"the doctor did not look:\n{done.stdout}{done.stderr}")
    # The trial has no keys of paid services.
    return sum("paid services" not in line for line in failed)


def _ended(server: Server) -> set[uuid.UUID]:
    return _ids(server, _ENDED)


def _ids(server: Server, query: str) -> set[uuid.UUID]:
    with connect(server, _DATABASE) as db:
        return {row["id"] for row in db.execute(query)}


def _value(server: Server, query: str) -> int:
    with connect(server, _DATABASE) as db:
        [row] = db.execute(query).fetchall()
    return int(row["n"])


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            if condition():
                return
        time.sleep(0.05)
    raise RuntimeError("what the trial waits for did not come")
