"""A throwaway database with every migration applied, for checks and generated files."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import postgres, provisioning


@dataclass(frozen=True)
class Scratch:
    """The running server and the connection string of the owner of its tables, over TCP."""

    server: postgres.Server
    url: str


@contextmanager
def database(folder: Path) -> Iterator[Scratch]:
    """Starts a server below `folder`, migrates it, and removes it at the end."""
    with running(folder / f"scratch-{os.getpid()}") as server:
        yield migrated(server)


@contextmanager
def running(data_dir: Path) -> Iterator[postgres.Server]:
    """A server whose data is deleted at the end and need not survive a crash."""
    try:
        yield postgres.start(data_dir, free_port(), fsync="off", full_page_writes="off")
    finally:
        postgres.stop(data_dir, mode="immediate")
        shutil.rmtree(data_dir, ignore_errors=True)


def free_port() -> int:
    """A free TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def migrated(server: postgres.Server) -> Scratch:
    """The server with the platform's part and every migration, applied by the Supabase CLI."""
    password = secrets.token_urlsafe(24)
    provisioning.prepare_platform(server.superuser_url())
    provisioning.set_passwords(server.superuser_url(), {"postgres": password})
    url = f"postgresql://postgres:{password}@127.0.0.1:{server.port}/postgres"
    provisioning.migrate(url)
    return Scratch(server, url)
