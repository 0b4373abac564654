"""Session tokens for browsers on this machine, until the stand-in for Clerk gives them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from core.config import LocalSettings
from local import clerk
from local.layout import Layout

_MAX_BYTES = 1000


def with_sessions(application: WSGIApplication, settings: LocalSettings) -> WSGIApplication:
    """POST /local/session {name, org, role} answers {token}. JSON only: no other origin may."""

    def sessions(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (environ["PATH_INFO"], environ["REQUEST_METHOD"]) != ("/local/session", "POST") or (
            environ.get("CONTENT_TYPE") != "application/json"
        ):
            return application(environ, start_response)
        who = json.loads(environ["wsgi.input"].read(_MAX_BYTES))
        role = who.get("role", "admin")
        token = clerk.session_token(
            Layout(settings.local_dir).clerk_key,
            who["name"],
            issuer=f"http://127.0.0.1:{settings.clerk_port}",
            origin=settings.app_url,
            now=int(time.time()),
            organisation=who.get("org") or None,
            role={"editor": "member"}.get(role, role),
        )
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"token": token}).encode()]

    return sessions
