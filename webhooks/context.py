"""What the views need: one `Edge` per app, built by the factory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from core.config import EdgeSettings
from core.encryption import Encryption
from core.stripe_gateway import Gateway
from core.tiktok import TikTokLogin
from webhooks.cells import Cells
from webhooks.clerk_keys import ClerkKeys
from webhooks.clerk_tokens import Policy
from webhooks.database import Database
from webhooks.token_issuer import TokenIssuer
from webhooks.windows import KnownKeys, Windows


@dataclass(frozen=True)
class TikTok:
    """How creators connect their accounts."""

    login: TikTokLogin
    encryption: Encryption
    redirect_uri: str


@dataclass(frozen=True)
class Edge:
    """Built once by the factory, shared by all threads."""

    settings: EdgeSettings
    cells: Cells
    clerk_keys: ClerkKeys
    clerk_policy: Policy
    token_issuer: TokenIssuer
    gateway: Gateway | None  # None without a Stripe key
    tiktok: TikTok | None  # None without an application at TikTok
    now: Callable[[], int]
    windows: Windows = field(default_factory=Windows)
    known_keys: KnownKeys = field(default_factory=KnownKeys)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def database(self) -> Database:
        """The database of the directory. It is the only one unless there are several cells."""
        return self.cells.home.database


class EdgeApp(Flask):
    """The Flask app and its `Edge`."""

    def __init__(self, edge: Edge) -> None:
        super().__init__("webhooks", static_folder=None)
        self.edge = edge


def current_edge() -> Edge:
    return cast("EdgeApp", current_app).edge
