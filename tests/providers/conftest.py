"""What the tests of providers share: a website on loopback and a fetcher that may reach it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.website import serving
from workers.providers.fetch import open_fetcher
from workers.providers.services import Services

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def website():
    async with serving() as site:
        yield site


@pytest.fixture
async def fetcher(website):
    async with open_fetcher(allowed=(f"127.0.0.1:{website.port}",)) as opened:
        yield opened


@pytest.fixture
def services(fetcher):
    return Services(fetcher=fetcher, ref_key=b"test", now=lambda: NOW)


@pytest.fixture
def report():
    """Collects what the user would see of the progress."""
    stages = []

    async def add(stage, percent):
        stages.append((stage, percent))

    add.stages = stages
    return add


@pytest.fixture(scope="session")
def data():
    """The folder with real data, which lies beside the project where it is there at all."""
    folder = Path(os.environ.get("DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set DATA")
    return folder


class Memory:
    """Steps as the job layer keeps them: over tries, never twice."""

    def __init__(self):
        self.kept = {}

    async def __call__(self, name, work):
        if name not in self.kept:
            self.kept[name] = await work()
        return self.kept[name]


@pytest.fixture
def memory():
    return Memory()
