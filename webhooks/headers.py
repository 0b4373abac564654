"""Headers of every answer: no caching, framing or sniffing; CORS for our frontends only."""

from __future__ import annotations

from flask import Flask, Response, request

from webhooks.context import current_edge

# Browsers call these from a page; webhooks, health and keys need no CORS.
_CORS_PREFIXES = ("/auth/", "/subscriptions/", "/tiktok/")
ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def register(app: Flask) -> None:
    app.before_request(_answer_preflight)
    app.after_request(_add)


def _answer_preflight() -> Response | None:
    is_preflight = request.method == "OPTIONS" and _is_from_frontend()
    return Response(status=204) if is_preflight else None


def _add(response: Response) -> Response:
    headers = response.headers
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith(_CORS_PREFIXES):
        headers.add("Vary", "Origin")
    if _is_from_frontend():
        headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "POST, GET, DELETE"
            headers["Access-Control-Allow-Headers"] = "authorization, content-type, x-request-id"
            headers["Access-Control-Max-Age"] = "600"
    return response


def _is_from_frontend() -> bool:
    is_for_pages = request.path.startswith(_CORS_PREFIXES)
    return is_for_pages and current_edge().clerk_policy.is_ours(request.headers.get("Origin"))
