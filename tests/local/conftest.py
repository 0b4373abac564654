"""A stack to be ill-treated, apart from the one that the flow's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local import health, processes
from tests.flow.stack import LocalStack, configured
from tests.patience import PATIENCE_SECONDS
from tests.server import home


@pytest.fixture(scope="session")
def robust_stack() -> Iterator[LocalStack]:
    folder = home() / f"robust-{os.getpid()}"
    # A first start that was killed while it made the data directory leaves this.
    half_made = folder / "postgres.partial"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    stack = configured(folder)
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that answers late is no broken one."""
    monkeypatch.setattr(health, "_TIMEOUT_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def stack(robust_stack: LocalStack) -> LocalStack:
    """Up and healthy, whatever the test before did."""
    if not is_healthy(robust_stack):
        started = robust_stack.run("up", check=False)
        assert started.returncode == 0, started.stderr
    return robust_stack


def is_healthy(stack: LocalStack) -> bool:
    states = health.check(stack.settings, stack.layout)
    has_supervisor = processes.supervisor(stack.layout.directory) is not None
    return has_supervisor and not any(state.problem for state in states)
