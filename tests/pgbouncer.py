"""Debian's pgbouncer in front of a test's database, as hosted poolers stand in front of theirs."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from tests.database import Database
from tests.patience import PATIENCE_SECONDS

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(
    PGBOUNCER is None, reason="pgbouncer is not installed: apt install pgbouncer"
)
ROLES = ("worker", "webhook", "authenticator")
SETTINGS = """
[databases]
{database} = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
default_pool_size = {size}
server_login_retry = 1
max_client_conn = 500
"""


class Pooler:
    """`url(role)` goes through it."""

    def __init__(self, database: str, port: int) -> None:
        self._database, self._port = database, port

    def url(self, role: str) -> str:
        return f"postgresql://{role}@127.0.0.1:{self._port}/{self._database}?sslmode=disable"


@contextmanager
def pooling(
    db: Database, mode: Literal["transaction", "session"] = "transaction", size: int = 20
) -> Iterator[Pooler]:
    """A pooler until the block ends, with so many connections to the server for each login."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder, "users")
        users.write_text("".join(f'"{role}" ""\n' for role in ROLES))
        settings = Path(folder, "pgbouncer.ini")
        text = SETTINGS.format(
            database=db.name,
            host=db.host,
            port=db.port,
            listen_port=port,
            users=users,
            mode=mode,
            size=size,
        )
        settings.write_text(text)
        Path(folder).chmod(0o755)
        # It refuses to run as root; the server's own user may open the server's socket.
        owner = pwd.getpwuid(Path(db.host).stat().st_uid).pw_name
        as_user = ["-u", owner] if os.getuid() == 0 else []
        process = subprocess.Popen(
            [str(PGBOUNCER), "-q", *as_user, str(settings)], stderr=subprocess.PIPE
        )
        try:
            _wait(process, port)
            yield Pooler(db.name, port)
        finally:
            process.terminate()
            process.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("pgbouncer did not start")
