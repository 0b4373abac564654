"""What only the hosted profile has: `make test PROFILE=hosted`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from local.profiles import HOSTED
from tests import server
from tests.database import Database

collect_ignore_glob = [] if server.PROFILE is HOSTED else ["test_*.py"]
Fill = Callable[[Database], None]


@pytest.fixture
def made(postgres_server: server.TestServer) -> Callable[..., contextmanager[Database]]:
    """`with made(step, …) as database`: a database of the platform alone, then each step."""

    @contextmanager
    def make(*steps: Fill) -> Iterator[Database]:
        name = f"made_{uuid.uuid4().hex[:12]}"
        host, port, user = postgres_server.host, postgres_server.port, postgres_server.user
        with psycopg.connect(
            host=host, port=port, user=user, dbname="postgres", autocommit=True
        ) as superuser:
            superuser.execute(f"create database {name}")
            try:
                server.prepare(host, port, name)
                database = Database(host, port, name)
                for step in steps:
                    step(database)
                yield database
                database.connection.close()
            finally:
                superuser.execute(f"drop database {name} with (force)")

    return make
