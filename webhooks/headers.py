"""Headers of every answer: no framing or sniffing, no caching unless a view allows it.

CORS is for our frontends only.
"""

from __future__ import annotations

from flask import Flask, Response, request

from webhooks.context import current_edge

# Browsers call these from a page; webhooks, health and keys need no CORS. Stripe's webhook is below
# /subscriptions/, too, but Stripe sends no Origin.
_CORS_PREFIXES = ("/auth/", "/subscriptions/", "/tiktok/")
DEFAULTS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def register(app: Flask) -> None:
    app.before_request(_answer_preflight)
    app.after_request(_add)


def _answer_preflight() -> Response | None:
    is_preflight = request.method == "OPTIONS" and _allows_cors()
    return Response(status=204) if is_preflight else None


def _add(response: Response) -> Response:
    headers = response.headers
    for name, value in DEFAULTS.items():
        headers.setdefault(name, value)
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith(_CORS_PREFIXES):
        headers.add("Vary", "Origin")
    if _allows_cors():
        headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "POST, GET, DELETE"
            headers["Access-Control-Allow-Headers"] = "authorization, content-type, x-request-id"
            headers["Access-Control-Max-Age"] = "600"
    return response


def _allows_cors() -> bool:
    is_for_pages = request.path.startswith(_CORS_PREFIXES)
    return is_for_pages and current_edge().clerk_policy.is_ours(request.headers.get("Origin"))
