"""Connection pools, as each process wants them. Nothing here connects before its first use."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool


def sync_pool(
    url: str, *, name: str, max_size: int = 8, timeout_seconds: float = 3.0
) -> ConnectionPool[Connection[DictRow]]:
    """A closed pool for threads: `open()` it after a fork, so that no socket is ever shared.

    Connections commit by themselves: a caller's one statement, a function call, is its transaction.
    """
    return ConnectionPool(
        url,
        connection_class=Connection[DictRow],
        kwargs=_connection_settings(name),
        min_size=0,
        max_size=max_size,
        timeout=timeout_seconds,
        max_idle=120.0,
        open=False,
        name=name,
        # A server restart leaves dead sockets in the pool: found here, not by a user's request.
        check=ConnectionPool.check_connection,
    )


def _connection_settings(name: str) -> dict[str, Any]:
    return {
        "autocommit": True,
        "row_factory": dict_row,
        # A transaction pooler hands each statement to another server connection.
        "prepare_threshold": None,
        "application_name": name,
        "connect_timeout": 3,
    }
