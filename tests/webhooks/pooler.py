"""A connection through a transaction pooler: every transaction in another session."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from core.database import connect
from tests.database import Database

ADVISORY_LOCKS = """
select count(*) from pg_locks where locktype = 'advisory'
and database = (select oid from pg_database where datname = current_database())
"""


class Pooled:
    """Looks like one connection that commits each statement."""

    broken = False

    def __init__(self, sessions: list[Any]) -> None:
        self._next = itertools.cycle(sessions)

    def execute(self, statement: str, parameters: Any = None) -> Any:
        return next(self._next).execute(statement, parameters)


@contextmanager
def pooled(db: Database, role: str) -> Iterator[Any]:
    with ExitStack() as stack:
        sessions = [connect(db.url(role), application_name="test") for _ in range(5)]
        yield Pooled([stack.enter_context(session) for session in sessions])
