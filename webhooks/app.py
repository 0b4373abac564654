"""The factory of the Flask app. It builds everything that the views use."""

from __future__ import annotations

import time
from collections.abc import Callable

from werkzeug.middleware.proxy_fix import ProxyFix

from core import logs, tracing
from core.config import EdgeSettings
from core.database import sync_pool
from core.encryption import Encryption
from core.stripe_gateway import open_gateway
from core.tiktok import TikTokLogin
from webhooks import apify, checkout, clerk, headers, monitoring, problems, session, stripe, tiktok
from webhooks.cells import Cell, Cells
from webhooks.clerk_keys import ClerkKeys, ConfiguredKey, FetchedKeys, fetch_from
from webhooks.clerk_tokens import Policy
from webhooks.context import Edge, EdgeApp, TikTok
from webhooks.database import Database
from webhooks.token_issuer import AUDIENCE, TokenIssuer

_MAX_BODY_BYTES = 1024 * 1024
_MAX_CONNECTIONS = 8  # one for each of gunicorn's threads
_ROUTES = (session, checkout, stripe, clerk, apify, tiktok, monitoring)


def create_app(
    settings: EdgeSettings | None = None, *, clock: Callable[[], float] = time.time
) -> EdgeApp:
    """The app for `settings`, by default those of the environment. Raises for a missing one."""
    settings = settings or EdgeSettings()
    logs.configure(settings.log_level, "edge")
    tracing.configure("edge", settings.otel_exporter_otlp_endpoint)
    app = EdgeApp(_build(settings, clock))
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    for part in (monitoring, headers, problems):
        part.register(app)
    for routes in _ROUTES:
        app.register_blueprint(routes.blueprint)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    return app


def _build(settings: EdgeSettings, clock: Callable[[], float]) -> Edge:
    clerk_keys: ClerkKeys
    if settings.clerk_jwt_key:
        clerk_keys = ConfiguredKey.from_pem(settings.clerk_jwt_key, settings.clerk_jwt_key_id)
    else:
        clerk_keys = FetchedKeys(fetch_from(settings.clerk_jwks_url or ""))
    tiktok: TikTok | None = None
    if (login := TikTokLogin.of(settings)) is not None:
        encryption = Encryption([key.get_secret_value() for key in settings.tiktok_token_keys])
        tiktok = TikTok(login, encryption, redirect_uri=f"{settings.app_url}/connections")
    home = _database(settings.webhook_db_url.get_secret_value())
    return Edge(
        settings=settings,
        cells=Cells(
            Cell(
                id=None,
                api_url=settings.api_url,
                audience=AUDIENCE,
                anon_key=None,
                database=home,
            ),
            settings.cell_secrets_dir,
            _database,
        ),
        clerk_keys=clerk_keys,
        clerk_policy=Policy(
            issuer=settings.clerk_issuer,
            authorized_parties=frozenset(settings.clerk_authorized_parties),
            allow_loopback_origins=settings.app_env == "development",
        ),
        token_issuer=TokenIssuer(
            settings.edge_signing_keys_file,
            issuer=settings.edge_issuer,
            lifetime_seconds=settings.edge_token_seconds,
        ),
        gateway=open_gateway(settings),
        tiktok=tiktok,
        now=lambda: int(clock()),
    )


def _database(url: str) -> Database:
    return Database(sync_pool(url, application_name="edge", max_size=_MAX_CONNECTIONS))
