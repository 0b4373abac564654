"""The factory of the Flask app. It builds everything that the views use."""

from __future__ import annotations

import time
from collections.abc import Callable

from psycopg import Connection
from psycopg_pool import ConnectionPool
from werkzeug.middleware.proxy_fix import ProxyFix

from core import logs
from core.config import EdgeSettings
from core.database import Row, sync_pool
from core.encryption import Encryption
from core.stripe_gateway import Gateway
from core.tiktok import TikTokLogin
from webhooks import apify, checkout, clerk, headers, monitoring, problems, session, stripe, tiktok
from webhooks.clerk_keys import ClerkKeys, ConfiguredKey, FetchedKeys, fetch_from
from webhooks.clerk_tokens import Policy
from webhooks.context import Database, Edge, EdgeApp, TikTok
from webhooks.token_issuer import TokenIssuer

_MAX_BODY_BYTES = 1024 * 1024
_MAX_CONNECTIONS = 8  # one for each of gunicorn's threads
_ROUTES = (session, checkout, stripe, clerk, apify, tiktok, monitoring)


def create_app(
    settings: EdgeSettings | None = None, *, clock: Callable[[], float] = time.time
) -> EdgeApp:
    """The app for `settings`, by default those of the environment. Raises for a missing one."""
    settings = settings or EdgeSettings()
    logs.configure(settings.log_level, "edge")
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
    return Edge(
        settings=settings,
        database=Database(_pool(settings)),
        clerk_keys=_clerk_keys(settings),
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
        gateway=_gateway(settings),
        tiktok=_tiktok(settings),
        now=lambda: int(clock()),
    )


def _gateway(settings: EdgeSettings) -> Gateway | None:
    key = settings.stripe_secret_key
    return Gateway(key.get_secret_value(), api_base=settings.stripe_api_base) if key else None


def _tiktok(settings: EdgeSettings) -> TikTok | None:
    key, secret = settings.tiktok_client_key, settings.tiktok_client_secret
    if key is None or secret is None:
        return None
    return TikTok(
        login=TikTokLogin(
            key,
            secret.get_secret_value(),
            base_url=settings.tiktok_base_url,
            web_url=settings.tiktok_web_url,
        ),
        encryption=Encryption([key.get_secret_value() for key in settings.tiktok_token_keys]),
        redirect_uri=f"{settings.app_url}/connections",
    )


def _pool(settings: EdgeSettings) -> ConnectionPool[Connection[Row]]:
    url = settings.webhook_db_url.get_secret_value()
    return sync_pool(url, application_name="edge", max_size=_MAX_CONNECTIONS)


def _clerk_keys(settings: EdgeSettings) -> ClerkKeys:
    if settings.clerk_jwt_key:
        return ConfiguredKey.from_pem(settings.clerk_jwt_key, settings.clerk_jwt_key_id)
    return FetchedKeys(fetch_from(settings.clerk_jwks_url or ""))
