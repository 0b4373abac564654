"""What the Python peers share: settings, the token's check, one transaction's claims."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import jwt
from fastapi import Header, HTTPException
from jwt.algorithms import ECAlgorithm

DATABASE_URL = os.environ["DATABASE_URL"]
POOL_SIZE = 10
_KEY = ECAlgorithm.from_jwk(Path(os.environ["PUBLIC_KEY"]).read_text())
_KNOWN: dict[str, tuple[float, str]] = {}  # verified tokens, as PostgREST keeps them
_KNOWN_LIMIT = 20_000

# One round trip, as PostgREST does it.
BECOME = (
    "select set_config('role', 'authenticated', true),"
    " set_config('request.jwt.claims', {claims}, true)"
)
LIST = "select * from public.products order by created_at desc, id desc limit 20"
GET = "select * from public.products where id = {id}"
INSERT = "insert into public.products (name, source_url) values ({name}, {url}) returning *"
RUN = "select * from public.run_analysis({id})"
OVERVIEW = "select * from public.product_overview order by created_at desc, id desc limit 20"


def signed_in(authorization: str = Header()) -> str:
    """The token's claims as JSON; 401 if it is not one of ours."""
    token = authorization.removeprefix("Bearer ")
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
