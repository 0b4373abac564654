"""Faults in a reduced form: whatever dies, no job is lost and none is done twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.postgres import Server
from tests.chaos.faults import SCENARIOS
from tests.chaos.outcome import try_out
from tests.chaos.servers import own_server
from tests.chaos.worker import LEASE_SECONDS

BUSY_SECONDS = 15  # how far two busy cores may fall behind; `python -m tests.chaos` allows two
pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server() as server:
        yield server


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_job_is_lost_or_done_twice(server: Server, name: str):
    database = f"chaos_{list(SCENARIOS).index(name)}"
    outcome = try_out(server, SCENARIOS[name], 500, database)
    assert outcome.broken_promises(LEASE_SECONDS + BUSY_SECONDS) == [], outcome
