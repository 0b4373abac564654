"""One address for frontends, as on hosted Supabase: `/rest/v1` is PostgREST, the rest is the edge.

For convenience only: it opens a connection per request, so measurements go to PostgREST itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from werkzeug.middleware.http_proxy import ProxyMiddleware

from core.config import LocalSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REST = "/rest/v1/"
_TIMEOUT_SECONDS = 30


def create_app(settings: LocalSettings | None = None) -> WSGIApplication:
    """The gateway for these settings, or for those of the environment."""
    settings = settings or LocalSettings()
    rest = {
        "target": f"http://127.0.0.1:{settings.rest_port}",
        "remove_prefix": True,
    }
    edge = {
        "target": f"http://127.0.0.1:{settings.edge_port}",
        "remove_prefix": False,
        "host": None,
        "headers": {},
        "ssl_context": None,
    }

    def to_edge(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        # Counters are for operators, at the edge's own port.
        if path.strip("/") == "metrics":
            return _not_found(start_response)
        application: WSGIApplication = proxy.proxy_to(edge, path, "")
        return application(environ, start_response)

    proxy = ProxyMiddleware(to_edge, {_REST: rest}, timeout=_TIMEOUT_SECONDS)
    return proxy


def _not_found(start_response: StartResponse) -> Iterable[bytes]:
    problem = {"type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found"}
    start_response("404 Not Found", [("Content-Type", "application/problem+json")])
    return [json.dumps(problem).encode()]
