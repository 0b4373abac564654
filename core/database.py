"""Connections to PostgreSQL: pools with the limits that every process of ours keeps."""

from __future__ import annotations

import select
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

# A dead server or a cut network is noticed within about 20 seconds instead of the system's hours.
_LIMITS = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# The pool's own attempts back off for minutes while the server is away. Giving up early makes the
# next request try at once, so that work goes on seconds after the server is back.
_RECONNECT_SECONDS = 1.0

Row = dict[str, object]


def connect(url: str, *, application_name: str) -> Connection[Row]:
    """One connection of its own, for a thread."""
    return Connection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        **_limits(application_name),
    )


async def connect_async(url: str, *, application_name: str) -> AsyncConnection[Row]:
    """One connection of its own, for a task."""
    return await AsyncConnection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        **_limits(application_name),
    )


def async_pool(
    url: str, *, application_name: str, max_size: int
) -> AsyncConnectionPool[AsyncConnection[Row]]:
    """A pool for a worker, not opened yet: `async with async_pool(…) as pool`."""
    return AsyncConnectionPool(
        url,
        connection_class=AsyncConnection[Row],
        kwargs=_pool_options(application_name),
        min_size=1,
        max_size=max_size,
        timeout=10,
        reconnect_timeout=_RECONNECT_SECONDS,
        open=False,
    )


def sync_pool(url: str, *, application_name: str, max_size: int) -> ConnectionPool[Connection[Row]]:
    """A pool for the Flask app, not opened yet: open it after the server has forked."""
    return ConnectionPool(
        url,
        connection_class=Connection[Row],
        kwargs=_pool_options(application_name),
        min_size=1,
        max_size=max_size,
        timeout=3,
        reconnect_timeout=_RECONNECT_SECONDS,
        open=False,
        check=_check,
    )


def _check(connection: Connection[Row]) -> None:
    """Asks the server only where it has said something unasked: mostly that it goes away.

    A question each time would double the round trips of a request that has one statement.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


def _limits(application_name: str) -> dict[str, Any]:
    return {**_LIMITS, "application_name": application_name}


def _pool_options(application_name: str) -> dict[str, Any]:
    return {"autocommit": True, "row_factory": dict_row, **_limits(application_name)}
