"""Scratch databases for checks and generated files.

Each has a server of its own and every migration. It is removed at the end.
"""

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
from local.profiles import EMBEDDED, Profile


@dataclass(frozen=True)
class Database:
    """A scratch database: its server, and the URL with which its owner connects over TCP."""

    server: postgres.Server
    url: str


@contextmanager
def database(folder: Path, profile: Profile = EMBEDDED) -> Iterator[Database]:
    """A scratch database in a data directory below `folder`."""
    with temporary_server(folder / f"scratch-{os.getpid()}", profile) as server:
        yield migrated(server, profile)


@contextmanager
def temporary_server(data_dir: Path, profile: Profile = EMBEDDED) -> Iterator[postgres.Server]:
    """Starts an empty server without fsync. Stops it and deletes its data at the end."""
    fast = {"fsync": "off", "full_page_writes": "off"}
    try:
        yield postgres.start(data_dir, free_port(), profile=profile, **fast)
    finally:
        postgres.stop(data_dir, mode="immediate")
        shutil.rmtree(data_dir, ignore_errors=True)


def free_port() -> int:
    """A free TCP port of the loopback interface.

    A connection to it has just ended. For a minute the system gives such a port to nobody else, and
    a server may still listen on it.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port: int = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first is the one that lingers
    return port


def migrated(server: postgres.Server, profile: Profile = EMBEDDED) -> Database:
    """Makes the server's database a scratch database; the Supabase CLI applies the migrations."""
    password = secrets.token_urlsafe(24)
    provisioning.prepare_platform(server.superuser_url(), profile)
    provisioning.set_passwords(server.superuser_url(), {"postgres": password})
    url = f"postgresql://postgres:{password}@127.0.0.1:{server.port}/postgres"
    provisioning.migrate(url)
    return Database(server, url)
