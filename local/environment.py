"""The environment of the stack's processes, and what `make env` prints."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import psutil

from core.config import LocalSettings, inherited_environment, setting_names
from local import keys, postgrest, stripe
from local.layout import ROOT, Layout

# Every process of the stack inherits this variable. With it a start finds the processes that a
# killed stack has left.
MARKER = "CREATORSCOOK_STACK"
# A hash of the settings of a process. A start with other settings restarts the process.
FINGERPRINT = "CREATORSCOOK_SETTINGS"


def published(settings: LocalSettings, layout: Layout) -> dict[str, str]:
    """The variables of `supabase status -o env`, and ours."""
    return {
        "API_URL": api_url(settings),
        "DB_URL": database_url(settings, layout, "postgres"),
        "ANON_KEY": keys.role_token(layout, "anon"),
        "SERVICE_ROLE_KEY": keys.role_token(layout, "service_role"),
        "EDGE_URL": f"http://127.0.0.1:{settings.edge_port}",
        "CLERK_URL": clerk_url(settings),
        "WORKER_URL": f"http://127.0.0.1:{settings.worker_metrics_port}",
        "WORKER_DB_URL": database_url(settings, layout, "worker"),
        "WEBHOOK_DB_URL": database_url(settings, layout, "webhook"),
    }


def of_processes(settings: LocalSettings, layout: Layout) -> dict[str, str]:
    """The environment of the supervisor and its processes. The user's settings replace defaults."""
    defaults = {
        "CLERK_ISSUER": clerk_url(settings),
        "CLERK_JWKS_URL": f"{clerk_url(settings)}/.well-known/jwks.json",
        "CLERK_AUTHORIZED_PARTIES": settings.app_url,
        "EDGE_ISSUER": api_url(settings),
        "PSEUDONYM_KEY": keys.pseudonym_key(layout),
        "WEBHOOK_SECRET_KEYS": keys.webhook_secret_key(layout),
    }
    decided = published(settings, layout) | {
        "API_PORT": str(settings.api_port),
        "CLERK_PORT": str(settings.clerk_port),
        "EDGE_PORT": str(settings.edge_port),
        "EDGE_SIGNING_KEYS_FILE": str(layout.edge_keys),
        "LOCAL_DIR": str(layout.directory),
        "PROFILE": settings.profile,
        "POSTGREST_BIN": str(postgrest.find(ROOT, settings.postgrest_bin)),
        "PROMETHEUS_MULTIPROC_DIR": str(layout.metrics),
        "PYTHONUNBUFFERED": "1",
        "WORKER_METRICS_PORT": str(settings.worker_metrics_port),
        MARKER: str(layout.directory),
    }
    if settings.stripe == "fake":
        # Decided here: a real key of .env must not meet the stand-in.
        decided |= {
            "STRIPE": "fake",
            "STRIPE_PORT": str(settings.stripe_port),
            "STRIPE_SECRET_KEY": "sk_test_local",
            "STRIPE_API_BASE": f"http://127.0.0.1:{settings.stripe_port}",
            "STRIPE_WEBHOOK_SECRETS": stripe.SECRET,
        }
    inherited = inherited_environment(ROOT / ".env")
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"
    variables = defaults | inherited | decided | {"PATH": path}
    names = sorted(defaults.keys() | decided.keys() | setting_names() & variables.keys())
    text = json.dumps([(name, variables[name]) for name in names])
    return variables | {FINGERPRINT: hashlib.sha256(text.encode()).hexdigest()}


def fingerprint_of(process: psutil.Process) -> str | None:
    """The hash of the settings that a process of the stack was started with."""
    return variable_of(process, FINGERPRINT)


def variable_of(process: psutil.Process, name: str) -> str | None:
    """A variable that a process was started with; None if it has none or has ended."""
    try:
        return process.environ().get(name)
    except psutil.NoSuchProcess:
        return None


def api_url(settings: LocalSettings) -> str:
    """The URL of the gateway."""
    return f"http://127.0.0.1:{settings.api_port}"


def clerk_url(settings: LocalSettings) -> str:
    """The URL of the stand-in for Clerk."""
    return f"http://127.0.0.1:{settings.clerk_port}"


def database_url(settings: LocalSettings, layout: Layout, login: str) -> str:
    """Connection string of a login, with its generated password."""
    password = keys.passwords(layout)[login]
    return f"postgresql://{login}:{password}@127.0.0.1:{settings.db_port}/postgres"
