"""The PostgreSQL server of one test session, and how a test database is filled.

Each session has a server of its own in `test-<pid>` below `home()`, so two runs at once don't meet.
What a killed session left behind is stopped and removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
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
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # The log may lie in memory: eight servers keep little of it.
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
}
_DISK = ROOT / ".local"
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder below it belongs to one user
_ROOM_BYTES = 4 << 30


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


@cache
def home() -> Path:
    """Where tests keep their servers: a memory file system with enough room, else `.local`.

    Each test copies some 650 files and deletes them. On a disk that is half of a test's CPU time.
    """
    memory = _memory_home()
    if not _has_room():
        return _DISK
    memory.mkdir(mode=0o711, exist_ok=True)
    return memory if memory.stat().st_uid == os.geteuid() else _DISK


def leftovers(pattern: str) -> Iterator[Path]:
    """What killed sessions left behind, in either home: folders named `<kind>-<pid>…`."""
    for folder in (_DISK, _memory_home()):
        if folder.exists() and folder.stat().st_uid == os.geteuid():
            for found in folder.glob(pattern):
                pid = found.name.split("-")[1].removesuffix(".partial")
                if not psutil.pid_exists(int(pid)):
                    yield found


def run(folder: Path, name: str = "", profile: Profile = PROFILE) -> Iterator[TestServer]:
    """Starts this session's server, yields it, then stops it and removes its data."""
    _remove_leftovers()
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


def _memory_home() -> Path:
    return _MEMORY / f"creatorscook-{os.geteuid()}"


def _has_room() -> bool:
    if not os.access(_MEMORY, os.W_OK):
        return False
    free = shutil.disk_usage(_MEMORY).free
    return min(free, psutil.virtual_memory().available) >= _ROOM_BYTES


def _remove_leftovers() -> None:
    for leftover in leftovers("test-*"):
        # Sessions that start together find the same leftover: the first one removes it.
        with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError):
            _remove(leftover)


def _remove(folder: Path) -> None:
    for data_dir in (folder, folder / "data"):
        postgres.stop(data_dir, mode="immediate")
    shutil.rmtree(folder, ignore_errors=True)
