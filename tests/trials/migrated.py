"""A migrated database on a server of its own, for a trial that needs nothing else of the stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests import server
from tests.database import Database, opened


@contextmanager
def migrated_database() -> Iterator[Database]:
    """Gone with its server at the end."""
    with contextmanager(server.run)(server.home(), "-trial") as running:
        given = {"host": running.host, "port": running.port, "user": running.user}
        with psycopg.connect(**given, dbname="postgres", autocommit=True) as superuser:
            superuser.execute("create database trial")
        server.prepare(**given, dbname="trial")
        with psycopg.connect(**given, dbname="trial") as clone:
            server.migrate(running.host, running.port, "trial")
            with opened(clone) as db:
                yield db
