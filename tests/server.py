"""The PostgreSQL server of one test session, and how a test database is filled.

Each session has a server of its own in `.local/test-<pid>`, so two runs at once don't meet. What a
killed session left behind is stopped and removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local import postgres
from local.profiles import EMBEDDED, PROFILES, Profile
from local.scratch import free_port

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ROOT / "supabase" / "migrations"
SCHEMAS = ROOT / "supabase" / "schemas"
# `make test PROFILE=hosted`: the database of this session.
PROFILE = PROFILES[os.environ.get("PROFILE") or EMBEDDED.name]
PLATFORM = EMBEDDED.platform[0]
# Durability costs half of the suite's time and a test database needs none.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class TestServer:
    """What pytest-postgresql wants to know of a running server; trust over its Unix socket."""

    __test__ = False

    data_dir: Path
    host: str
    port: int
    user: str = postgres.SUPERUSER
    password: str = ""
    options: str = ""
    maintenance_dbname: str = "postgres"
    template_dbname: str = "template1"


def run(folder: Path, name: str = "", profile: Profile = PROFILE) -> Iterator[TestServer]:
    """Starts this session's server, yields it, then stops it and removes its data."""
    _remove_leftovers(folder)
    data_dir = folder / f"test-{os.getpid()}{name}"
    try:
        server = postgres.start(data_dir, free_port(), profile=profile, **FAST)
        yield TestServer(server.data_dir, str(server.socket_dir), server.port)
    finally:
        _remove(data_dir)


def prepare(host: str, port: int, dbname: str, user: str = postgres.SUPERUSER, **_: object) -> None:
    """Gives a database what the platform of this session's profile has."""
    with psycopg.connect(host=host, port=port, dbname=dbname, user=user) as connection:
        for file in PROFILE.platform:
            connection.execute(file.read_text())


def migrate(host: str, port: int, dbname: str, **_: object) -> None:
    """Applies the migrations in file order as the non-superuser `postgres`, as hosted does.

    Loading them as the superuser would hide every missing privilege.
    """
    with psycopg.connect(host=host, port=port, dbname=dbname, user="postgres") as connection:
        for path in sorted(MIGRATIONS.glob("*.sql")):
            with connection.transaction():
                connection.execute(path.read_text())


def _remove_leftovers(folder: Path) -> None:
    for leftover in folder.glob("test-*"):
        pid = leftover.name.split("-")[1].removesuffix(".partial")
        if not Path(f"/proc/{pid}").exists():
            # Sessions that start together find the same leftover: the first one removes it.
            with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError):
                _remove(leftover)


def _remove(folder: Path) -> None:
    for data_dir in (folder, folder / "data"):
        postgres.stop(data_dir, mode="immediate")
    shutil.rmtree(folder, ignore_errors=True)
