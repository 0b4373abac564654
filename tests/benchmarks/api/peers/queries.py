"""What the Python peers share: settings, the token's check, one transaction's claims."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import jwt
from fastapi import Header, HTTPException, Request
from jwt.algorithms import ECAlgorithm

DATABASE_URL = os.environ["DATABASE_URL"]
POOL_SIZE = 10
_KEY = ECAlgorithm.from_jwk(Path(os.environ["PUBLIC_KEY"]).read_text())
_KNOWN: dict[str, tuple[float, str]] = {}  # verified tokens, as PostgREST keeps them
_KNOWN_LIMIT = 20_000

# Bare: role and claims. Otherwise what PostgREST tells of a request, and then what our API does
# before each one, whoever serves it. A round trip each, as in PostgREST.
_BARE = os.environ.get("BARE") == "1"
BECOME = (
    "select set_config('role', 'authenticated', true),"
    " set_config('request.jwt.claims', {claims}, true)"
) + (
    ""
    if _BARE
    else ", set_config('request.method', {method}, true), set_config('request.path', {path}, true),"
    " set_config('request.headers', {headers}, true)"
)
BEFORE = (
    None if _BARE else "select private.before_request(), current_setting('response.headers', true)"
)
LIST = "select * from public.products order by created_at desc, id desc limit 20"
GET = "select * from public.products where id = {id}"
INSERT = "insert into public.products (name, source_url) values ({name}, {url}) returning *"
RUN = "select * from public.run_analysis({id})"
OVERVIEW = "select * from public.product_overview order by created_at desc, id desc limit 20"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, with what the database is told of the request."""

    claims: str
    method: str
    headers: str

    def settings(self, path: str) -> dict[str, str]:
        """The values for BECOME; `path` as PostgREST would have it."""
        if _BARE:
            return {"claims": self.claims}
        return {
            "claims": self.claims,
            "method": self.method,
            "path": path,
            "headers": self.headers,
        }


def caller(request: Request, authorization: str = Header()) -> Caller:
    """Who asks; 401 if the token is not one of ours."""
    claims = _verified(authorization.removeprefix("Bearer "))
    return Caller(claims, request.method, "" if _BARE else json.dumps(dict(request.headers)))


def answer_headers(setting: str | None) -> dict[str, str]:
    """What the database wants to be said with the answer."""
    headers = json.loads(setting) if setting else []
    return {name: value for header in headers for name, value in header.items()}


def _verified(token: str) -> str:
    """The token's claims as JSON."""
    expires_at, claims = _KNOWN.get(token, (0.0, ""))
    if expires_at > time.time():
        return claims
    try:
        verified = jwt.decode(token, _KEY, algorithms=["ES256"], audience="authenticated")
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    if len(_KNOWN) >= _KNOWN_LIMIT:
        _KNOWN.clear()
    claims = json.dumps(verified)
    _KNOWN[token] = (verified["exp"], claims)
    return claims
