"""Connections to PostgreSQL and pools of them, with limits that all processes share.

Behind a pooler nothing is prepared. In its transaction mode the next statement may use another
session. That one lacks the prepared statement, or has another one of that name.
"""

from __future__ import annotations

import json
import select
from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection, Connection, Notify
from psycopg.rows import dict_row
from psycopg.types.json import set_json_dumps
from psycopg.types.string import StrDumperUnknown
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from core import tracing
from core.text import storable, storable_json

# A client notices a dead server or a cut network within about 20 seconds, not after hours.
_LIMITS = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# While the server is away, the pool's attempts back off for minutes. After this time it gives up.
# Then the next request connects at once, so work goes on seconds after the server is back.
_RECONNECT_SECONDS = 1.0
# A pooler answers the start of a connection itself, with a process number of its own.
_BACKEND = "select pg_backend_pid() as pid"

_TRACED = "with traced as materialized (select set_config('request.headers', %s, true)) "

Row = dict[str, object]


def traced(statement: str, parameters: Iterable[object]) -> tuple[str, tuple[object, ...]]:
    """The same `select` of functions. Jobs that it adds get the trace of this context.

    It sets `request.headers` with the `traceparent`, as PostgREST does.
    """
    header = tracing.header()
    headers = json.dumps({"traceparent": header} if header else {})
    return _TRACED + statement + " from traced", (headers, *parameters)


def connect(url: str, *, application_name: str) -> Connection[Row]:
    """A connection for a thread."""
    connection: Connection[Row] = Connection.connect(url, **_options(application_name))
    prepare_only_without_pooler(connection)
    return connection


async def connect_async(url: str, *, application_name: str) -> AsyncConnection[Row]:
    """A connection for a task."""
    connection: AsyncConnection[Row] = await AsyncConnection.connect(
        url, **_options(application_name)
    )
    try:
        await _prepare_only_without_pooler(connection)
    except BaseException:  # a cancelled task must not leave it open
        await connection.close()
        raise
    return connection


def async_pool(
    url: str, *, application_name: str, max_size: int
) -> AsyncConnectionPool[AsyncConnection[Row]]:
    """A pool for a worker, not opened yet: `async with async_pool(…) as pool`."""
    return AsyncConnectionPool(
        url,
        connection_class=AsyncConnection[Row],
        kwargs=_options(application_name),
        min_size=1,
        max_size=max_size,
        timeout=10,
        reconnect_timeout=_RECONNECT_SECONDS,
        open=False,
        configure=_configure_worker,
    )


def sync_pool(url: str, *, application_name: str, max_size: int) -> ConnectionPool[Connection[Row]]:
    """A pool for the Flask app, not opened yet: open it after the server has forked."""
    return ConnectionPool(
        url,
        connection_class=Connection[Row],
        kwargs=_options(application_name),
        min_size=1,
        max_size=max_size,
        timeout=3,
        reconnect_timeout=_RECONNECT_SECONDS,
        open=False,
        configure=_configure_edge,
        check=_check,
    )


def prepare_only_without_pooler(connection: Connection[Row]) -> None:
    """Turns prepared statements off behind a pooler."""
    row = connection.execute(_BACKEND, prepare=False).fetchone()
    if _is_pooled(connection, row):
        connection.prepare_threshold = None


async def _prepare_only_without_pooler(connection: AsyncConnection[Row]) -> None:
    row = await (await connection.execute(_BACKEND, prepare=False)).fetchone()
    if _is_pooled(connection, row):
        connection.prepare_threshold = None


def _is_pooled(connection: Connection[Row] | AsyncConnection[Row], row: Row | None) -> bool:
    """Whether another process than the server's answered the start of the connection."""
    return row is None or row["pid"] != connection.info.backend_pid


def _configure_edge(connection: Connection[Row]) -> None:
    prepare_only_without_pooler(connection)
    connection.add_notify_handler(_drop)


async def _configure_worker(connection: AsyncConnection[Row]) -> None:
    """Replaces characters that PostgreSQL refuses: sources and models may send them.

    The edge does not, because two names that differ in such a character are two names.
    """
    await _prepare_only_without_pooler(connection)
    connection.add_notify_handler(_drop)
    connection.adapters.register_dumper(str, _StorableText)
    set_json_dumps(lambda value: storable_json(json.dumps(value)), connection)


def _drop(_note: Notify) -> None:
    """Drops notifications: a pooler's session may listen for others, and psycopg would keep all."""


class _StorableText(StrDumperUnknown):
    def dump(self, obj: str) -> Any:
        return super().dump(storable(obj))


def _check(connection: Connection[Row]) -> None:
    """Checks a connection only if the server has sent something unasked, such as its shutdown.

    A check at each use would double the round trips of a request with one statement.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)


def _options(application_name: str) -> dict[str, Any]:
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "application_name": application_name,
        **_LIMITS,
    }
