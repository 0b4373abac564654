"""What a worker opens from its settings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.config import WorkerSettings
from workers.providers.openai_text import Price
from workers.providers.services import open_services


def settings(**overrides):
    return WorkerSettings(worker_db_url="postgresql://nobody@127.0.0.1/none", **overrides)


async def test_without_keys_there_is_only_the_web_and_the_sample():
    async with open_services(settings()) as services:
        assert (services.apify, services.text_model, services.billing) == (None, None, None)


async def test_keys_connect_what_they_are_for():
    given = settings(
        apify_token="t", openai_api_key="k", openai_model="m", openai_input_usd_per_million="0"
    )
    async with open_services(given) as services:
        assert services.apify is not None
        assert services.text_model.name == "m"
        assert services.text_model.price == Price(Decimal(0), Decimal("2.00"))


@pytest.mark.parametrize("name", ["apify_token", "openai_api_key"])
async def test_a_key_is_not_in_what_services_show(name):
    async with open_services(settings(**{name: "canary-key"})) as services:
        assert "canary-key" not in repr(services)
