"""Asks the paid services whether they would serve, at no cost. The operator's doctor prints it."""

from __future__ import annotations

import httpx
from apify_client._models import ListOfRunsResponse

from core.config import SourceSettings
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

TIMEOUT_SECONDS = 10.0


def problems(settings: SourceSettings) -> list[str]:
    """Sentences about what is wrong. A service without a key is not asked."""
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        return [*_models(client, settings), *_actors(client, settings)]


def _models(client: httpx.Client, settings: SourceSettings) -> list[str]:
    if settings.openai_api_key is None:
        return []
    headers = {"authorization": f"Bearer {settings.openai_api_key.get_secret_value()}"}
    try:
        answer = client.get(f"{settings.openai_base_url}/models", headers=headers)
    except httpx.HTTPError as error:
        return [f"the language model's server cannot be reached ({type(error).__name__})"]
    if answer.status_code in {401, 403}:
        return ["the language model's server refuses OPENAI_API_KEY"]
    if answer.status_code == httpx.codes.NOT_FOUND:
        return []  # this server lists no models; a job logs `model_not_found` if one is missing
    try:
        offered = {str(model["id"]) for model in answer.json()["data"]}
    except (KeyError, TypeError, ValueError):
        return [f"the language model's server answers {answer.status_code} without its models"]
    wanted = {
        "OPENAI_LABELS_MODEL": settings.openai_labels_model,
        "OPENAI_PROSE_MODEL": settings.openai_prose_model,
    }
    return [
        f"{setting} {model} is not offered any more (model_not_found)"
        for setting, model in wanted.items()
        if model not in offered
    ]


def _actors(client: httpx.Client, settings: SourceSettings) -> list[str]:
    if settings.apify_token is None:
        return []
    headers = {"authorization": f"Bearer {settings.apify_token.get_secret_value()}"}
    found = []
    for actor in (VIDEOS_ACTOR, COMMENTS_ACTOR):
        path = f"{settings.apify_base_url}/v2/actors/{actor.replace('/', '~')}"
        try:
            answer = client.get(path, headers=headers)
        except httpx.HTTPError as error:
            return [f"Apify cannot be reached ({type(error).__name__})"]
        if answer.status_code in {401, 403}:
            return ["Apify refuses APIFY_TOKEN"]
        if answer.status_code == httpx.codes.NOT_FOUND:
            found.append(f"Apify has no actor {actor} any more")
        elif answer.status_code != httpx.codes.OK:
            found.append(f"Apify answers {answer.status_code} about the actor {actor}")
        else:
            found += _last_run(client, path, headers, actor)
    return found


def _last_run(client: httpx.Client, path: str, headers: dict[str, str], actor: str) -> list[str]:
    """Reads a run with apify-client's models, which may not fit Apify's current answers."""
    try:
        answer = client.get(f"{path}/runs", headers=headers, params={"limit": 1, "desc": 1})
        ListOfRunsResponse.model_validate(answer.json())
    except (httpx.HTTPError, ValueError) as error:
        kind = type(error).__name__
        return [f"apify-client does not understand Apify's runs of {actor} ({kind})"]
    return []
