"""One address for frontends, as on hosted Supabase: `/rest/v1` is PostgREST, the rest is the edge.

The dashboard has addresses of its own there, once it is built.

It opens a connection per request, so benchmarks use PostgREST itself. A proxy in front of PostgREST
has to refuse what it refuses; docs/operations.md says how.

It keeps an idle connection for 75 s (Procfile), longer than people pause. A client does not repeat
a POST that meets a connection as the server closes it.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.http_proxy import ProxyMiddleware

from core import tracing
from core.config import LocalSettings
from local import pages

_REST = "/rest/v1/"
_TIMEOUT_SECONDS = 30
_ROUTE = re.compile(r"/(rest/v1/(rpc/)?)?[a-z_]{1,63}\b")
_PATH_CHARACTERS = "!$&'()*+,/:;=@"


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
        # Operators read metrics at the edge's own port.
        if path.strip("/") == "metrics":
            return [_problem(start_response, 404, "not_found", "There is nothing here.")]
        application: WSGIApplication = proxy.proxy_to(edge, path, "")
        return application(environ, start_response)

    proxy = ProxyMiddleware(to_edge, {_REST: rest}, timeout=_TIMEOUT_SECONDS)
    limit = settings.max_body_bytes

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_text(environ):
            text = "The request's headers are not UTF-8."
            return [_problem(start_response, 400, "invalid_request", text)]
        if not _take_body(environ, limit):
            text = f"The request's body may have {limit} bytes at most."
            return [_problem(start_response, 413, "body_too_large", text)]
        # WSGI has decoded the path once, so it is encoded once: both sides read the same path.
        path = environ["PATH_INFO"].encode("latin-1")
        environ["PATH_INFO"] = quote(path, safe=_PATH_CHARACTERS)
        return proxy(environ, start_response)

    tracing.configure("gateway", settings.otel_exporter_otlp_endpoint)

    def traced(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trace = tracing.begin(environ.get("HTTP_TRACEPARENT"))
        name = f"{environ['REQUEST_METHOD']} {_route(environ['PATH_INFO'])}"
        with tracing.span(name, kind="server", parent=trace):
            environ["HTTP_TRACEPARENT"] = tracing.header()
            return guarded(environ, start_response)

    return pages.with_dashboard(traced, settings)


def _route(path: str) -> str:
    """The start of a path that no user chooses: table, function, or the edge's first part."""
    found = _ROUTE.match(path)
    return found[0] if found else "(other)"


def _is_text(environ: WSGIEnvironment) -> bool:
    """Whether every header is UTF-8, because PostgREST passes headers to the database."""
    headers = (value for name, value in environ.items() if name.startswith("HTTP_"))
    try:
        for value in headers:
            value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return False
    return True


def _take_body(environ: WSGIEnvironment, limit: int) -> bool:
    """Whether the body is within the limit. A chunked body is read up to the limit."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        try:
            body = environ["wsgi.input"].read(limit + 1)
        except OSError:
            # The chunks go on after as much as the server buffers of a request.
            return False
        del environ["HTTP_TRANSFER_ENCODING"]
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        return len(body) <= limit
    return int(environ.get("CONTENT_LENGTH") or 0) <= limit


def _problem(start_response: StartResponse, status: int, code: str, text: str) -> bytes:
    """Starts an answer with the members of RFC 9457 and of PostgREST's errors."""
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "code": code}
    problem |= {"detail": text, "message": text, "details": None, "hint": None}
    body = json.dumps(problem).encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Access-Control-Allow-Origin": "*",
    }
    start_response(f"{status} {title}", list(headers.items()))
    return body
