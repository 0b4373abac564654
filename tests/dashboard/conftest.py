"""One stage for all tests of the dashboard: each test brings its own people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dashboard import stage as stages


@pytest.fixture(scope="session")
def built() -> None:
    """The page as `make up` serves it."""
    stages.build()


@pytest.fixture(scope="session")
def stage(built: None) -> Iterator[stages.Stage]:
    if stages.chromium() is None:
        pytest.skip(stages.MISSING)
    with stages.opened() as stage:
        yield stage
