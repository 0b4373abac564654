"""The edge's calls of functions of schema `private`, as the login `webhook`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from core import tracing
from core.database import Row

_RECONNECT_SECONDS = 1.0  # enough for the pool to connect to a server that is back


class Database:
    """Calls functions of schema `private` as the `webhook` role; each call is a transaction.

    After a failed attempt to connect, one thread at a time tries again, for `_RECONNECT_SECONDS`.
    All others get OperationalError at once, so that they do not wait for a server that is away.
    """

    def __init__(self, pool: ConnectionPool[Connection[Row]]) -> None:
        self._pool = pool
        self._is_away = False
        self._reconnecting = threading.Lock()  # held by the thread that tries again

    def call(self, statement: str, *parameters: Any) -> Row:
        """The row of a statement that always returns one."""
        name = tracing.function_of(statement)
        with (
            tracing.span(name, kind="client", db__system="postgresql"),
            self.session() as connection,
        ):
            row = connection.execute(statement, parameters).fetchone()
        if row is None:
            raise LookupError(statement)
        return row

    @contextmanager
    def session(self) -> Iterator[Connection[Row]]:
        """A connection for several statements; each one commits."""
        self._pool.open()  # no-op from the second call on; it must follow gunicorn's fork
        is_retry = self._is_away
        if is_retry and not self._reconnecting.acquire(blocking=False):
            raise psycopg.OperationalError("the database is away; another thread tries to connect")
        timeout = _RECONNECT_SECONDS if is_retry else None  # None: the pool's own
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._pool.connection(timeout))
                self._is_away = False
            except PoolTimeout:
                self._is_away = True
                raise
            finally:
                if is_retry:
                    self._reconnecting.release()
            yield connection

    def close(self) -> None:
        self._pool.close()
