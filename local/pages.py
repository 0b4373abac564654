"""The dashboard's built files, as the local gateway serves them.

`make dashboard` builds them. Without them every path goes on to the API.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.shared_data import SharedDataMiddleware

from core.config import LocalSettings
from local import keys
from local.layout import ROOT, Layout

FOLDER = ROOT / "local" / "dashboard" / "dist"
# The first part of each address that the browser may load. src/routes.tsx has the same.
ADDRESSES = frozenset(
    {
        "account",
        "audit",
        "billing",
        "brands",
        "connections",
        "developers",
        "members",
        "notifications",
        "plan",
        "products",
        "rules",
        "scripts",
        "shared",
        "sign-in",
    }
)
_KEPT_SECONDS = 31_536_000  # a file's name has the hash of its content
# The page talks to the public API and to the stand-in for Clerk, and to nobody else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' {clerk}; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def with_dashboard(
    application: WSGIApplication, settings: LocalSettings, folder: Path = FOLDER
) -> WSGIApplication:
    """The dashboard at its addresses, `application` at all others."""
    index = folder / "index.html"
    clerk = f"http://127.0.0.1:{settings.clerk_port}"
    headers = _HEADERS | {"Content-Security-Policy": _POLICY.format(clerk=clerk)}

    def page_or_api(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] in {"GET", "HEAD"} and index.is_file():
            if path == "/settings.json":
                body = _settings_of_page(settings, clerk)
                return _answer(start_response, "application/json", body, headers)
            if path == "/" or path.split("/")[1] in ADDRESSES:
                body = index.read_bytes()
                return _answer(start_response, "text/html; charset=utf-8", body, headers)
        return application(environ, start_response)

    files = {"/assets": str(folder / "assets")}
    return SharedDataMiddleware(page_or_api, files, cache_timeout=_KEPT_SECONDS)


def _settings_of_page(settings: LocalSettings, clerk: str) -> bytes:
    """What the page can't know: the public key, and who signs people in."""
    anon_key = keys.role_token(Layout(settings.local_dir), "anon")
    return json.dumps({"anonKey": anon_key, "clerkUrl": clerk}).encode()


def _answer(
    start_response: StartResponse, kind: str, body: bytes, headers: dict[str, str]
) -> Iterable[bytes]:
    described = headers | {"Content-Type": kind, "Content-Length": str(len(body))}
    start_response(f"200 {HTTPStatus.OK.phrase}", list(described.items()))
    return [body]
