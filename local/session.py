"""Signs a local user in as a browser would: session token in, access token out, over HTTP."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx

from core.config import LocalSettings
from local import clerk, environment
from local.layout import Layout


@dataclass(frozen=True)
class AccessToken:
    """What the exchange answered."""

    text: str
    user_id: str


def sign_in(settings: LocalSettings, layout: Layout, name: str) -> AccessToken:
    """An access token of the local user called `name`, through the real exchange."""
    session_token = clerk.session_token(
        layout.clerk_key,
        name,
        issuer=f"http://127.0.0.1:{settings.clerk_port}",
        origin=settings.app_url,
        now=int(time.time()),
    )
    response = httpx.post(
        f"{environment.api_url(settings)}/auth/session",
        headers={"Authorization": f"Bearer {session_token}"},
        timeout=10,
    )
    response.raise_for_status()
    answer = response.json()
    return AccessToken(answer["access_token"], answer["user"]["id"])
