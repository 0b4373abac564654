"""The Flask app on a cloned database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import EdgeSettings
from local import stripe
from tests.database import Database
from tests.webhooks.edge import NOW, Edge, make_settings, running


@pytest.fixture
def fake_stripe() -> Iterator[stripe.FakeStripe]:
    with stripe.serving() as fake:
        fake.now = lambda: NOW
        fake.offer()
        yield fake


@pytest.fixture
def settings(db: Database, tmp_path: Path) -> EdgeSettings:
    return make_settings(db.url("webhook"), tmp_path)


@pytest.fixture
def edge(settings: EdgeSettings) -> Iterator[Edge]:
    yield from running(settings)


@pytest.fixture
def shop(settings: EdgeSettings, fake_stripe: stripe.FakeStripe) -> Iterator[Edge]:
    """The same with billing set up."""
    changes = {"stripe_secret_key": "sk_test_1", "stripe_api_base": fake_stripe.base}
    yield from running(EdgeSettings(**(settings.model_dump() | changes)))


@pytest.fixture(scope="session")
def stateless_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An app whose database is not there: what refuses a stranger must not need it."""
    folder = tmp_path_factory.mktemp("edge")
    yield from running(make_settings("postgresql://nobody@127.0.0.1:1/none", folder))
