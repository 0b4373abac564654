"""The outside world on loopback: a website, Apify, a language model, and services that reach them.

The folders that need them import the fixtures in their conftest.py.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fakes import apify as fake_apify
from tests.fakes import openai as fake_openai
from tests.fakes.website import serving
from workers.jobs.services import Services
from workers.sources.tiktok.apify import open_apify
from workers.sources.web.fetch import open_fetcher
from workers.writing import model as text_model
from workers.writing.model import Price, open_text_model

PRICE = Price(Decimal(1), Decimal("0.1"), Decimal(2))
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


@pytest.fixture
def apify():
    """A fake Apify; `connected` are services that use it."""
    with fake_apify.serving() as fake:
        yield fake


@pytest.fixture
async def connected(apify, services):
    async with open_apify(fake_apify.TOKEN, apify.url) as client:
        yield replace(services, apify=client)


@pytest.fixture
def server():
    """A fake server for language models; `model` is behind it, at 1 $ and 2 $ a million."""
    with fake_openai.serving() as fake:
        yield fake


@pytest.fixture
async def model(server, monkeypatch):
    monkeypatch.setattr(text_model, "PAUSE_SECONDS", 0.0)
    async with open_text_model(
        key=fake_openai.KEY, base_url=server.url, name="small", price=PRICE
    ) as opened:
        yield opened
