"""Databases of single tests: copies of a template's files.

PostgreSQL's default logs each page of a copy, and writes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from pytest_postgresql.executors.noop import NoopExecutor
from pytest_postgresql.janitor import DatabaseJanitor


class Clone(DatabaseJanitor):
    """There until its block ends."""

    def init(self) -> None:
        """Creates the database."""
        with self.cursor() as cursor:
            cursor.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(self.dbname), sql.Identifier(self.template_dbname or "")
                )
            )


def clone_of(
    template: str, dbname: str | None = None
) -> Callable[..., Iterator[psycopg.Connection]]:
    """A fixture: a connection to a clone of what the fixture `template` has loaded."""

    @pytest.fixture
    def clone(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
        at: NoopExecutor = request.getfixturevalue(template)
        name = dbname or at.dbname
        with (
            Clone(
                user=at.user,
                host=at.host,
                port=at.port,
                dbname=name,
                template_dbname=at.template_dbname,
            ),
            psycopg.connect(host=at.host, port=at.port, dbname=name, user=at.user) as connection,
        ):
            yield connection

    return clone
