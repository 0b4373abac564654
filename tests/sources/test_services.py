"""What a worker opens from its settings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from core.config import WorkerSettings
from workers.jobs.services import open_services
from workers.writing.model import Price


def settings(**overrides):
    return WorkerSettings(worker_db_url="postgresql://nobody@127.0.0.1/none", **overrides)


async def test_without_keys_there_is_only_the_web_and_the_sample():
    async with open_services(settings()) as services:
        assert (
            services.apify,
            services.labels_model,
            services.prose_model,
            services.stripe.gateway,
        ) == (
            None,
            None,
            None,
            None,
        )


async def test_keys_connect_what_they_are_for():
    given = settings(
        apify_token="t",
        openai_api_key="k",
        openai_labels_model="m",
        openai_labels_effort="low",
        openai_labels_usd_per_million="0.2,0,1",
    )
    async with open_services(given) as services:
        assert services.apify is not None
        labels, prose = services.labels_model, services.prose_model
        assert (labels.name, labels.effort) == ("m", "low")
        assert labels.price == Price(Decimal("0.2"), Decimal(0), Decimal(1))
        assert (prose.name, prose.effort) == ("gpt-6.1-terra", "low")
        assert prose.price == Price(Decimal(1), Decimal("0.05"), Decimal(5))


def test_no_default_model_is_one_that_its_vendor_has_ended():
    given = settings(openai_api_key="k")
    assert (given.openai_labels_model, given.openai_prose_model) == ("gpt-6-luna", "gpt-6.1-terra")
    assert given.labels_prices == (Decimal("0.10"), Decimal("0.01"), Decimal("0.50"))


def test_a_model_whose_price_nobody_knows_is_refused_at_the_start():
    with pytest.raises(ValidationError, match="OPENAI_PROSE_USD_PER_MILLION must say what m costs"):
        settings(openai_api_key="k", openai_prose_model="m")


@pytest.mark.parametrize("name", ["apify_token", "openai_api_key"])
async def test_a_key_is_not_in_what_services_show(name):
    async with open_services(settings(**{name: "canary-key"})) as services:
        assert "canary-key" not in repr(services)


def test_production_fetches_from_no_private_address():
    given = {"app_env": "production", "pseudonym_key": "k" * 32}
    with pytest.raises(ValidationError, match="FETCH_ALLOW must be empty"):
        settings(**given, fetch_allow="127.0.0.1:8000")
    assert settings(**given).fetch_allow == ()
