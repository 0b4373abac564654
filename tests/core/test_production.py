"""What is safe on one machine only is refused with APP_ENV=production, each with a sentence."""

from __future__ import annotations

import json
import re

import pytest

from core.config import (
    EdgeSettings,
    LocalSettings,
    OwnerSettings,
    TargetSettings,
    WorkerSettings,
    load,
)
from local.layout import ROOT

DATABASE = "postgresql://{}:M2fL9vQ7xT4s@db.shop.test:5432/postgres?sslmode=verify-full"
GOOD = {
    "app_env": "production",
    "edge_public_url": "https://edge.shop.test",
    "edge_issuer": "https://edge.shop.test",
    "edge_signing_keys_file": "keys.json",
    "api_url": "https://api.shop.test",
    "app_url": "https://app.shop.test",
    "clerk_issuer": "https://clerk.shop.test",
    "clerk_jwks_url": "https://clerk.shop.test/.well-known/jwks.json",
    "clerk_authorized_parties": "https://app.shop.test",
    "clerk_webhook_secrets": "whsec_aGVsbG8=",
    "stripe_secret_key": "rk_live_51Nc8",
    "stripe_webhook_secrets": "whsec_9fQ2",
    "webhook_db_url": DATABASE.format("webhook"),
    "worker_db_url": DATABASE.format("worker"),
    "db_url": DATABASE.format("postgres"),
    "pseudonym_key": "u8Zr1WqT5nLb0YcXk3Vd7HsJ2fGm9PaE",
    "apify_token": "apify_api_9fQ2",
    "openai_api_key": "sk-9fQ2",
}
HTTPS = "{} must start with https:// when APP_ENV=production"
HERE = "{} must not name this machine when APP_ENV=production"
BLANK = "{} has a blank that nobody has filled in"
EXAMPLE = "{} holds an example, not a secret"
PASSWORD = "{} holds an example, not a password"
EDGE, WORKER, OWNER = EdgeSettings, WorkerSettings, OwnerSettings


def database(login: str, password: str) -> str:
    return DATABASE.replace("M2fL9vQ7xT4s", password).format(login)


REFUSED = [
    (EDGE, "log_level", "DEBUG", "LOG_LEVEL must not be DEBUG when APP_ENV=production"),
    (WORKER, "log_level", "DEBUG", "LOG_LEVEL must not be DEBUG when APP_ENV=production"),
    (EDGE, "edge_public_url", "http://edge.shop.test", HTTPS),
    (EDGE, "edge_issuer", "http://edge.shop.test", HTTPS),
    (EDGE, "edge_issuer", "https://127.0.0.1", HERE),
    (EDGE, "edge_issuer", "https://<edge>", BLANK),
    (EDGE, "api_url", "https://localhost:54321", HERE),
    (EDGE, "app_url", "http://127.0.0.1:3000", HTTPS),
    (EDGE, "app_url", "https://[::1]", HERE),
    (EDGE, "clerk_issuer", "http://127.0.0.1:54328", HTTPS),
    (EDGE, "clerk_jwks_url", "https://0.0.0.0/keys", HERE),
    (EDGE, "clerk_authorized_parties", "https://app.shop.test,http://app.shop.test", HTTPS),
    (EDGE, "clerk_authorized_parties", "https://app.localhost", HERE),
    (EDGE, "stripe_api_base", "http://127.0.0.1:12111", HTTPS),
    (EDGE, "tiktok_base_url", "https://127.0.0.2", HERE),
    (WORKER, "apify_base_url", "http://127.0.0.1:1", HTTPS),
    (WORKER, "openai_base_url", "http://model.internal/v1", HTTPS),
    (WORKER, "tiktok_web_url", "http://www.tiktok.com", HTTPS),
    (EDGE, "stripe_secret_key", "sk_live_...", EXAMPLE),
    (EDGE, "stripe_webhook_secrets", "whsec_9fQ2,<whsec_ of Stripe's endpoint>", EXAMPLE),
    (EDGE, "clerk_webhook_secrets", "whsec_changeme", EXAMPLE),
    (WORKER, "openai_api_key", "your-api-key", EXAMPLE),
    (WORKER, "apify_token", "xxxx", EXAMPLE),
    (WORKER, "pseudonym_key", "development-only", EXAMPLE),
    (
        WORKER,
        "pseudonym_key",
        "short",
        "PSEUDONYM_KEY must have 32 characters or more when APP_ENV=production",
    ),
    (WORKER, "pseudonym_key", None, "PSEUDONYM_KEY must be set when APP_ENV=production"),
    (WORKER, "fetch_allow", "10.0.0.1:80", "FETCH_ALLOW must be empty when APP_ENV=production"),
    (WORKER, "sample_data", "posts.json", "SAMPLE_DATA must be empty when APP_ENV=production"),
    (
        EDGE,
        "stripe_webhook_secrets",
        None,
        "STRIPE_WEBHOOK_SECRETS must be set beside STRIPE_SECRET_KEY",
    ),
    (
        EDGE,
        "stripe_secret_key",
        None,
        "STRIPE_SECRET_KEY must be set beside STRIPE_WEBHOOK_SECRETS",
    ),
    (
        EDGE,
        "clerk_webhook_secrets",
        None,
        "CLERK_WEBHOOK_SECRETS must be set when APP_ENV=production",
    ),
    (EDGE, "webhook_db_url", database("webhook", "[YOUR-PASSWORD]"), PASSWORD),
    (EDGE, "webhook_db_url", database("webhook", "webhook"), PASSWORD),
    (WORKER, "worker_db_url", database("worker.abcdef", "worker"), PASSWORD),
    (OWNER, "db_url", database("postgres", "postgres"), PASSWORD),
    (
        WORKER,
        "worker_db_url",
        database("postgres.abcdef", "M2fL9vQ7xT4s"),
        "WORKER_DB_URL must not log in as the owner of the tables",
    ),
    (
        EDGE,
        "webhook_db_url",
        DATABASE.format("webhook").replace("verify-full", "require"),
        "WEBHOOK_DB_URL must say sslmode=verify-full when APP_ENV=production",
    ),
    (
        OWNER,
        "db_url",
        "nonsense",
        "DB_URL must say sslmode=verify-full when APP_ENV=production",
    ),
]
IDS = [f"{kind.__name__}-{name}-{number}" for number, (kind, name, *_) in enumerate(REFUSED)]


@pytest.mark.parametrize("kind", [EDGE, WORKER, OWNER])
def test_good_settings_are_accepted(kind):
    assert load(kind, **GOOD).app_env == "production"


@pytest.mark.parametrize(("kind", "name", "value", "sentence"), REFUSED, ids=IDS)
def test_an_unsafe_setting_is_refused_in_production_alone(kind, name, value, sentence):
    with pytest.raises(SystemExit) as refused:
        load(kind, **GOOD | {name: value})
    lines = str(refused.value).splitlines()
    assert sentence.format(name.upper()) in lines
    assert name == "log_level" or str(value) not in str(refused.value)  # it may be a secret
    if name != "clerk_webhook_secrets":  # whose form is checked everywhere
        load(kind, **GOOD | {name: value, "app_env": "development"})


def test_all_that_is_unsafe_is_named_at_once():
    wrong = {
        "log_level": "DEBUG",
        "app_url": "http://x.test",
        "webhook_db_url": "postgresql://w@h/d",
    }
    with pytest.raises(SystemExit) as refused:
        load(EDGE, **GOOD | wrong)
    named = {line.split()[0] for line in str(refused.value).splitlines()}
    assert named == {name.upper() for name in wrong}


@pytest.mark.parametrize("kind", [EDGE, WORKER])
def test_the_example_of_the_deploy_page_is_refused_until_it_is_filled_in(kind, monkeypatch):
    text = (ROOT / "deploy" / "production.env.example").read_text()
    pairs = re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)
    for name, value in pairs:
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDGE_SIGNING_KEYS_FILE", "keys.json")
    with pytest.raises(SystemExit) as refused:
        load(kind)
    named = {line.split()[0].rstrip(":") for line in str(refused.value).splitlines()}
    blank = {name for name, value in pairs if "<" in value}
    read = {name.upper() for name in kind.model_fields}
    assert named == blank & read


@pytest.mark.parametrize("kind", [LocalSettings, TargetSettings])
def test_commands_that_only_look_are_not_held_to_it(kind):
    required = {"api_url": "http://127.0.0.1", "edge_url": "http://127.0.0.1"}
    load(kind, **GOOD | required, log_level="DEBUG")


def test_no_value_is_in_a_sentence():
    with pytest.raises(SystemExit) as refused:
        load(
            EDGE, **{name: f"https://canary/<{name}>" for name in GOOD} | {"app_env": "production"}
        )
    assert "canary" not in json.dumps(str(refused.value))
