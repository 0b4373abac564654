"""What the views need: one `Edge` per app, built by the factory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
from flask import Flask, current_app
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from core import tracing
from core.config import EdgeSettings
from core.database import Row
from core.encryption import Encryption
from core.stripe_gateway import Gateway
from core.tiktok import TikTokLogin
from webhooks.clerk_keys import ClerkKeys
from webhooks.clerk_tokens import Policy
from webhooks.token_issuer import TokenIssuer
from webhooks.windows import Windows

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


@dataclass(frozen=True)
class TikTok:
    """How creators connect their accounts."""

    login: TikTokLogin
    encryption: Encryption
    redirect_uri: str


@dataclass(frozen=True)
class Edge:
    """Built once by the factory, shared by all threads."""

    settings: EdgeSettings
    database: Database
    clerk_keys: ClerkKeys
    clerk_policy: Policy
    token_issuer: TokenIssuer
    gateway: Gateway | None  # None without a Stripe key
    tiktok: TikTok | None  # None without an application at TikTok
    now: Callable[[], int]
    windows: Windows = field(default_factory=Windows)
    stopping: threading.Event = field(default_factory=threading.Event)


class EdgeApp(Flask):
    """The Flask app and its `Edge`."""

    def __init__(self, edge: Edge) -> None:
        super().__init__("webhooks", static_folder=None)
        self.edge = edge


def current_edge() -> Edge:
    return cast("EdgeApp", current_app).edge
