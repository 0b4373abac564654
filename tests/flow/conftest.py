"""One stack for all tests of the flow: each test brings its own users."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator

import pytest

from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured, remove_leftovers, sample_with
from tests.server import home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the stack has logged, which its end removes."""
    report = yield
    stack = item.funcargs.get("stack")
    if report.failed and isinstance(stack, LocalStack):
        report.sections.append(("log of the stack", stack.log()))
    return report


@pytest.fixture(scope="session")
def canary() -> str:
    """A word that no file of ours contains, in every text that is collected."""
    return f"canary{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def shop(canary: str) -> Iterator[shops.Shop]:
    with shops.opened(canary) as shop:
        yield shop


@pytest.fixture(scope="session")
def stack(
    shop: shops.Shop, canary: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack]:
    remove_leftovers()
    sample = sample_with(tmp_path_factory.mktemp("sample"), canary)
    stack = configured(
        home() / f"flow-{os.getpid()}",
        FETCH_ALLOW=f"127.0.0.1:{shop.server_port}",
        SAMPLE_DATA=str(sample),
    )
    try:
        started = stack.run("up", check=False)
        assert started.returncode == 0, started.stderr
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def name() -> str:
    """A user nobody else acts as."""
    return f"user-{uuid.uuid4()}"
