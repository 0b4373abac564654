"""`make rotate-keys`: a new signing key for the edge while everything runs.

The old key stays published until the next rotation. While a token of the key before it may still
be valid, a rotation is refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import jwt
import psycopg

from core.config import LocalSettings
from local import environment, keys
from local.layout import Layout
from webhooks import key_rotation

# The longest life of a token (EDGE_TOKEN_SECONDS), and PostgREST's tolerance for clocks.
_TOKEN_SECONDS = 900 + 30
_PATIENCE_SECONDS = 15


class RotationError(RuntimeError):
    """The keys were not rotated; the message says what to do."""


def rotate(settings: LocalSettings, layout: Layout, say: Callable[[str], None]) -> None:
    """Add, wait for PostgREST, promote. The edge reads its file again within a second."""
    path = layout.edge_keys
    age_seconds = time.time() - path.stat().st_mtime
    signing, *previous = json.loads(path.read_text())["keys"]
    if previous and age_seconds < _TOKEN_SECONDS:
        wait = int(_TOKEN_SECONDS - age_seconds)
        raise RotationError(f"Tokens of the previous key may still be valid: again in {wait} s.")
    key_rotation.edit(path, "retire")
    made = key_rotation.edit(path, "add")[-1]
    keys.ensure(layout)
    _reload_postgrest(settings, layout, made)
    key_rotation.edit(path, "promote")
    say(f"Signing with {made['kid']}; {signing['kid']} stays valid for the tokens it signed.")


def _reload_postgrest(settings: LocalSettings, layout: Layout, key: dict[str, object]) -> None:
    """Has PostgREST read its keys again and waits until it accepts a token of the new one."""
    with psycopg.connect(environment.database_url(settings, layout, "postgres")) as db:
        db.execute("notify pgrst, 'reload config'")
    now = int(time.time())
    probe = jwt.encode(
        {"role": "anon", "aud": "authenticated", "exp": now + 60},
        jwt.PyJWK(key).key,
        "ES256",
        headers={"kid": str(key["kid"])},
    )
    url = f"http://127.0.0.1:{settings.rest_port}/plans"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if httpx.get(url, headers={"Authorization": f"Bearer {probe}"}).status_code == 200:
            return
        time.sleep(0.1)
    raise RotationError("PostgREST did not take the new key; the old one goes on signing.")
