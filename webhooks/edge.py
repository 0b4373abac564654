"""What the views need, built once by the factory and found again through the current app."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from flask import current_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

    from core.billing import Gateway
    from core.config import EdgeSettings
    from core.database import Row
    from core.sealing import Sealer
    from core.tiktok import TikTokLogin
    from webhooks.clerk_keys import ClerkKeys
    from webhooks.clerk_tokens import Policy
    from webhooks.minting import Signer


class Database:
    """Calls functions of schema `private` as the `webhook` role; each call is a transaction."""

    def __init__(self, pool: ConnectionPool[Connection[Row]]) -> None:
        self._pool = pool

    def call(self, statement: str, *parameters: Any) -> Row:
        """The first row of a statement that always has one."""
        self._pool.open()  # does nothing from the second call on; never before a fork
        with self._pool.connection() as connection:
            row = connection.execute(statement, parameters).fetchone()
        if row is None:
            raise LookupError(statement)
        return row

    @contextmanager
    def session(self) -> Iterator[Connection[Row]]:
        """A connection for several statements, each of which commits."""
        self._pool.open()
        with self._pool.connection() as connection:
            yield connection

    def close(self) -> None:
        self._pool.close()


@dataclass(frozen=True)
class TikTok:
    """How creators connect their accounts."""

    login: TikTokLogin
    sealer: Sealer
    redirect_uri: str


@dataclass(frozen=True)
class Edge:
    settings: EdgeSettings
    database: Database
    clerk_keys: ClerkKeys
    clerk_policy: Policy
    signer: Signer
    gateway: Gateway | None  # None without a Stripe key
    tiktok: TikTok | None  # None without an application at TikTok
    now: Callable[[], int]
    stopping: threading.Event = field(default_factory=threading.Event)


def current_edge() -> Edge:
    return cast("Edge", current_app.extensions["edge"])
