"""The PostgreSQL and Redis that all systems are measured on, and a fresh database for each run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from local import postgres
from tests.benchmarks.jobs.target import Target
from tests.server import PLATFORM, free_port

# Durable as in production; only memory and autovacuum's pace are set.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "autovacuum_naptime": "10s",
    "max_connections": "400",
}


class Server:
    """A running server; databases are cloned from one template per system."""

    def __init__(self, server: postgres.Server, redis_socket: str | None) -> None:
        self._server = server
        self._redis_socket = redis_socket
        self._templates: dict[str, str] = {}

    @property
    def postmaster(self) -> int:
        """Its process id."""
        return int((self._server.data_dir / "postmaster.pid").read_text().splitlines()[0])

    def version(self) -> str:
        """As the server tells."""
        with self._admin() as admin:
            [version] = admin.execute("show server_version").fetchone() or ("",)
            return str(version)

    @contextmanager
    def database(self, system: str, install: Callable[[Target], None]) -> Iterator[Target]:
        """A database with the system's empty schema, dropped at the end."""
        if system not in self._templates:
            self._templates[system] = self._install(install)
        target = self._create("run", self._templates[system])
        if self._redis_socket:
            subprocess.run(
                ["redis-cli", "-s", self._redis_socket, "flushall"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        try:
            yield target
        finally:
            self._drop("run")

    def _install(self, install: Callable[[Target], None]) -> str:
        template = self._create(f"template_{len(self._templates)}", "template1")
        try:
            with psycopg.connect(template.url()) as admin:
                admin.execute(PLATFORM.read_text())
            install(template)
        except Exception:
            self._drop(template.database)
            raise
        return template.database

    def _create(self, name: str, template: str) -> Target:
        with self._admin() as admin:
            admin.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            # Cloning copies a database's content, not its grants.
            if template != "template1":
                admin.execute(
                    sql.SQL("alter database {} owner to postgres").format(sql.Identifier(name))
                )
            admin.execute("checkpoint")
        server = self._server
        return Target(str(server.socket_dir), server.port, name, self._redis_socket)

    def _drop(self, name: str) -> None:
        with self._admin() as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self._server.superuser_url(), autocommit=True)


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A new server below `folder`, removed at the end, with Redis beside it if it is installed."""
    data_dir = folder / "postgres"
    postgres.stop(data_dir, mode="immediate")  # of a run that was killed
    shutil.rmtree(data_dir, ignore_errors=True)
    try:
        server = postgres.start(data_dir, free_port(), **SETTINGS)
        with _redis() as socket:
            yield Server(server, socket)
    finally:
        postgres.stop(data_dir, mode="immediate")
        shutil.rmtree(data_dir, ignore_errors=True)


@contextmanager
def _redis() -> Iterator[str | None]:
    """Append-only file, written once a second: its usual set-up, weaker than a commit."""
    binary = shutil.which("redis-server")
    if binary is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        arguments = ["--port", "0", "--unixsocket", str(socket), "--dir", folder]
        durability = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        process = subprocess.Popen([binary, *arguments, *durability], stdout=subprocess.DEVNULL)
        try:
            _wait_for(socket)
            yield str(socket)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path.name} did not appear")
        time.sleep(0.05)
