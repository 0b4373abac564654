"""Fixtures for every test: a clone of the migrated database, a real PostgREST on it, no network."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_postgresql import factories
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from core.config import Settings
from tests import network, server
from tests.clones import clone_of
from tests.database import Database, opened
from tests.postgrest import RunningPostgrest, serve

network.allow_loopback_only()
# Processes that tests start would compile each module again, and so would the next run.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Each process of a run has one thread for matrices, as workers have: more wait for each other.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Nothing that is imported or collected is garbage: it is not looked through during the tests.
gc.disable()
# Examples take as long as a busy machine needs.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")
_CACHE = "cache_logger_on_first_use"
# Their files share a stack of the session, so one process runs all of them.
_ONE_STACK = {
    "tests/flow/test_billing.py": "billing",
    "tests/flow/": "flow",
    "tests/docs/test_frontend.py": "frontend",
    "tests/docs/test_python_client.py": "frontend",
    "tests/dashboard/": "dashboard",
}


class Scheduling(LoadFileScheduling):
    """A file's tests run on one process, and so do the files of one stack."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (group for path, group in _ONE_STACK.items() if nodeid.startswith(path))
        return next(shared, super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files start first: those with stacks and killed servers, then by their tests."""
    tests = Counter(item.path for item in items)

    def by_length(item: pytest.Item) -> tuple[bool, int]:
        is_long = any(item.get_closest_marker(name) for name in ("flow", "chaos"))
        return not is_long, -tests[item.path]

    items.sort(key=by_length)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_configure() -> None:
    """A developer's settings must not reach a test. PROFILE chooses the database of all tests."""
    ours = {name.upper() for kind in _all_settings(Settings) for name in kind.model_fields}
    ours.remove("PROFILE")
    for name in [name for name in os.environ if name in ours or name.startswith("PG")]:
        del os.environ[name]
    # A logger that has cached how it logs is deaf to what `capture_logs` sets up later.
    configure = structlog.configure
    structlog.configure = lambda **options: configure(**options | {_CACHE: False})


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[server.TestServer]:
    # Another version than the embedded one, such as hosted's: its folder of programs.
    binaries = Path(os.environ.get("POSTGRES_BIN") or server.PROFILE.binaries)
    yield from server.run(server.home(), profile=replace(server.PROFILE, binaries=binaries))


postgres_template = factories.postgresql_noproc(
    depends_on="postgres_server", dbname="tests", load=[server.prepare, server.migrate]
)
postgres_clone = clone_of("postgres_template")


@pytest.fixture
def db(postgres_clone: psycopg.Connection) -> Iterator[Database]:
    with opened(postgres_clone) as database:
        yield database


@pytest.fixture
def postgrest(db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgrest]:
    yield from serve(db, tmp_path_factory.mktemp("postgrest"))


def _all_settings(kind: type[Settings]) -> Iterator[type[Settings]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _all_settings(child)
