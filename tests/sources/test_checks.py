"""What the doctor tells of paid services, on fakes."""

from __future__ import annotations

import pytest

from core.config import SourceSettings
from tests.fakes import apify as fake_apify
from tests.fakes import openai as fake_openai
from tests.fakes.apify import Outcome
from workers.sources.checks import problems
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR


def asked(server=None, apify=None, *, key=fake_openai.KEY, token=fake_apify.TOKEN):
    return problems(
        SourceSettings(
            openai_api_key=None if server is None else key,
            openai_base_url=server.url if server else "http://127.0.0.1:9",
            apify_token=None if apify is None else token,
            apify_base_url=apify.url if apify else "http://127.0.0.1:9",
        )
    )


def test_without_keys_nobody_is_asked():
    assert asked() == []


def test_services_that_would_serve_are_no_problem(server, apify):
    server.offered = ("gpt-6-luna", "gpt-6.1-terra", "gpt-6-sol")
    apify.known = {VIDEOS_ACTOR: {"id": "a1"}, COMMENTS_ACTOR: {"id": "a2"}}
    assert asked(server, apify) == []


def test_a_withdrawn_model_is_named(server):
    server.offered = ("gpt-6-luna",)
    assert asked(server) == [
        "OPENAI_PROSE_MODEL gpt-6.1-terra is not offered any more (model_not_found)"
    ]


def test_an_actor_that_is_gone_is_named(apify):
    apify.known = {VIDEOS_ACTOR: {"id": "a1"}}
    assert asked(apify=apify) == [f"Apify has no actor {COMMENTS_ACTOR} any more"]


def test_answers_that_the_client_refuses_are_named(apify):
    apify.known = {VIDEOS_ACTOR: {"id": "a1"}, COMMENTS_ACTOR: {"id": "a2"}}
    apify.otherwise = Outcome(is_strange=True)
    apify.start(VIDEOS_ACTOR, {}, {})
    assert asked(apify=apify) == [
        f"apify-client does not understand Apify's runs of {VIDEOS_ACTOR} (ValidationError)"
    ]


def test_a_refused_key_is_told(server, apify):
    apify.known = {VIDEOS_ACTOR: {"id": "a1"}}
    assert asked(server, key="x") == ["the language model's server refuses OPENAI_API_KEY"]
    assert asked(apify=apify, token="x") == ["Apify refuses APIFY_TOKEN"]


@pytest.mark.parametrize("name", ["openai_api_key", "apify_token"])
def test_a_service_that_is_away_is_told(name):
    given = {
        name: "k",
        "openai_base_url": "http://127.0.0.1:9",
        "apify_base_url": "http://127.0.0.1:9",
    }
    [said] = problems(SourceSettings(**given))
    assert said.endswith("cannot be reached (ConnectError)")
