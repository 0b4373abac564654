"""Servers that a fault may hit: durable, reached over TCP, stopped and removed afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from local import postgres
from local.profiles import EMBEDDED, Profile
from tests.chaos.worker import LEASE_SECONDS
from tests.database import Database, Row
from tests.jobs import make_kind
from tests.patience import wait_until
from tests.server import ROOT, free_port, migrate

ACCOUNTS = [uuid.uuid4() for _ in range(20)]
_TEMPLATE = "chaos_template"
_PASSWORD = "chaos"
_TABLES = """
    create schema chaos;
    grant usage on schema chaos to worker;
    create table chaos.starts (job_id uuid, worker text, at timestamptz default clock_timestamp());
    create table chaos.effects (job_id uuid, worker text, at timestamptz default clock_timestamp());
    grant insert on chaos.starts, chaos.effects to worker;
"""


@contextmanager
def own_server(profile: Profile = EMBEDDED, **settings: str) -> Iterator[postgres.Server]:
    """A server with fsync on, as in production; its template holds the migrated database.

    `settings` are server parameters.
    """
    home = ROOT / ".local"
    for folder in home.glob("chaos-*"):
        if not Path(f"/proc/{folder.name.removeprefix('chaos-')}").exists():
            _remove(folder)
    folder = home / f"chaos-{os.getpid()}"
    try:
        server = postgres.start(folder / "data", free_port(), profile=profile, **settings)
        _make_template(server, profile)
        yield server
    finally:
        _remove(folder)


def make_database(server: postgres.Server, name: str) -> None:
    """A clone of the template."""
    with connect(server, "postgres") as superuser:
        superuser.execute(f"create database {name} template {_TEMPLATE} owner postgres")
        # As in production, half a lease: how long a vanished worker's transaction keeps its rows.
        superuser.execute(
            f"alter role worker in database {name}"
            f" set idle_in_transaction_session_timeout = '{LEASE_SECONDS / 2}s'"
        )


def connect(server: postgres.Server, database: str) -> psycopg.Connection[Row]:
    """As the superuser, over the Unix socket: past any proxy."""
    return psycopg.connect(server.superuser_url(database), autocommit=True, row_factory=dict_row)


def tcp_url(port: int, database: str) -> str:
    """The worker's connection string over TCP."""
    return f"postgresql://worker:{_PASSWORD}@127.0.0.1:{port}/{database}"


def restart(server: postgres.Server, pause_seconds: float = 0) -> None:
    """Ends every connection, stops, starts."""
    postgres.stop(server.data_dir)
    time.sleep(pause_seconds)
    postgres.start(server.data_dir, server.port)


def crash(server: postgres.Server) -> None:
    """Kills the postmaster and starts the server again, which recovers from its log."""
    pid_file = server.data_dir / "postmaster.pid"
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
    wait_until(lambda: _has_started(server), every_seconds=0.05)


def crash_backend(server: postgres.Server) -> None:
    """Kills a backend that serves a worker's jobs; returns when the server has recovered."""
    with connect(server, "postgres") as superuser:
        [row] = superuser.execute(
            "select pid from pg_stat_activity where usename = 'worker' and"
            " application_name not in ('worker heartbeat', 'worker listener') limit 1"
        ).fetchall()
        os.kill(row["pid"], signal.SIGKILL)
        # Our own connection ends with all others; only then does the recovery begin.
        try:
            while True:
                superuser.execute("select pg_sleep(0.01)")
        except psycopg.OperationalError:
            wait_until_up(server)


def wait_until_up(server: postgres.Server) -> None:
    """Until the server takes connections again; fails if it doesn't."""
    wait_until(lambda: _is_up(server), every_seconds=0.02)


def _has_started(server: postgres.Server) -> bool:
    # Until the dead postmaster is reaped and its backends have noticed, a start is refused.
    if postgres.is_running(server.data_dir):
        return _is_up(server)
    with suppress(RuntimeError):
        postgres.start(server.data_dir, server.port)
    return False


def _is_up(server: postgres.Server) -> bool:
    try:
        connect(server, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _remove(folder: Path) -> None:
    postgres.stop(folder / "data", mode="immediate")
    shutil.rmtree(folder, ignore_errors=True)


def _make_template(server: postgres.Server, profile: Profile) -> None:
    with connect(server, "postgres") as superuser:
        superuser.execute(f"create database {_TEMPLATE}")
    with connect(server, _TEMPLATE) as superuser:
        for file in profile.platform:
            superuser.execute(file.read_bytes())
        migrate(str(server.socket_dir), server.port, _TEMPLATE)
        superuser.execute("set role postgres")  # a dump of the owner's holds the tables, too
        superuser.execute(_TABLES)
        superuser.execute("reset role")
        superuser.execute("delete from private.schedules")  # the jobs are ours alone
        superuser.execute(f"alter role worker password '{_PASSWORD}'")
    template = Database(str(server.socket_dir), server.port, _TEMPLATE)
    # The workers are killed here, not the jobs: they must not be given up for it.
    make_kind(template, "effect", max_crashes=50)
    template.make_accounts(*ACCOUNTS)
    template.connection.close()
