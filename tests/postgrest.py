"""A real PostgREST on a test database, spoken to with the `postgrest` client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from postgrest import SyncPostgrestClient

from local import postgrest
from tests.database import Database, UnfilteredChangeError, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT, free_port

_KEY = ec.generate_private_key(ec.SECP256R1())
_PUBLIC_KEYS = {"keys": [json.loads(ECAlgorithm.to_jwk(_KEY.public_key())) | {"alg": "ES256"}]}


@dataclass(frozen=True)
class RunningPostgrest:
    """Where it listens, and clients that act as somebody."""

    url: str
    _clients: list[SyncPostgrestClient] = field(default_factory=list)

    def as_user(self, user_id: uuid.UUID, **claims: object) -> SyncPostgrestClient:
        """A signed-in user's client; `claims` override the usual ones, None leaves one out."""
        return self._client(token(user_claims(user_id) | claims))

    def as_anon(self) -> SyncPostgrestClient:
        """A client without a token."""
        return self._client(None)

    def _client(self, access_token: str | None) -> SyncPostgrestClient:
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        client = SyncPostgrestClient(self.url, headers=headers)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Closes every client that was handed out."""
        for client in self._clients:
            client.aclose()


def token(claims: dict[str, object]) -> str:
    """A token that the test's PostgREST accepts, for an account that may not exist."""
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, _KEY, algorithm="ES256")


# Status and code of later versions → of 12.0.2. 12.0.3 gave PGRST107 another status, 12.2 did so
# with 21000 and 13 with unknown roles. Refused claims and missing tables have new codes since 13.
_LATER = {
    (401, "PGRST303"): (401, "PGRST301"),
    (404, "PGRST205"): (404, "42P01"),
    (406, "PGRST107"): (415, "PGRST107"),
    (500, "21000"): (400, "21000"),
    (401, "22023"): (400, "22023"),
}
# Sentences of later versions → of 12.0.2.
_LATER_SENTENCES = {
    r"Could not find the table '([\w.]+)' in the schema cache": r'relation "\1" does not exist',
    r"Could not find the '(\w+)' column of '(\w+)' in the schema cache": (
        r"Column '\1' of relation '\2' does not exist"
    ),
    r"Cannot coerce the result to a single JSON object": (
        "JSON object requested, multiple (or no) rows returned"
    ),
    r"Invalid schema: \w+": "The schema must be one of the following: public",
    r"JWT not yet valid": "JWTNotYetValid",
    r"JWT issued at future": "JWTIssuedAtFuture",
    r"No suitable key or wrong key type": "JWSError JWSInvalidSignature",
    r"Wrong or unsupported encoding algorithm": "JWSError JWSNoSignatures",
}


@cache
def version() -> tuple[int, ...]:
    """Of the PostgREST that the tests run: 12.0.2 from npm, or a later one on PATH."""
    return postgrest.version_of(postgrest.find(ROOT))


def as_here(status: int, body: dict[str, object]) -> tuple[int, dict[str, object]]:
    """An error of a later PostgREST, as hosted Supabase has, as 12.0.2 words it; others stay."""
    status, code = _LATER.get((status, str(body["code"])), (status, body["code"]))
    body = body | {"code": code}
    for later, here in _LATER_SENTENCES.items():
        if found := re.fullmatch(later, str(body["message"])):
            # What later versions add beside it.
            body |= {"message": found.expand(here), "hint": None}
            body |= {"details": None} if code == "PGRST301" else {}
    # On hosted, PostgreSQL's hint says which grant is missing. From 14.6 on PostgREST suggests only
    # functions with a very similar name.
    return status, body | {"hint": None} if code in {"42501", "PGRST202"} else body


# Parameters of a query that choose no rows. Those of an embedded table have a dot.
_NO_FILTERS = {"select", "order", "limit", "offset", "columns", "on_conflict"}
_LOGGED_CHANGE = re.compile(r'"((?:PATCH|DELETE) (\S+)) HTTP/')


def _refuse_unfiltered_changes(log: str) -> None:
    """Raises if a PATCH or DELETE was without a filter: `safeupdate` refuses it on hosted."""
    changes = _LOGGED_CHANGE.findall(log)
    if unfiltered := [request for request, path in changes if not _has_filter(path)]:
        raise UnfilteredChangeError(*unfiltered)


def _has_filter(path: str) -> bool:
    names = {name for name, _ in parse_qsl(urlsplit(path).query, keep_blank_values=True)}
    return any("." not in name for name in names - _NO_FILTERS)


def serve(
    db: Database, folder: Path, runtime: str = postgrest.RUNTIME, **settings: str
) -> Iterator[RunningPostgrest]:
    """Starts PostgREST on the database, yields it when its schema is loaded, then ends it.

    `settings` are more of its own, with _ for the dash.
    """
    keys = folder / "jwks.json"
    keys.write_text(json.dumps(_PUBLIC_KEYS))
    port, admin_port = free_port(), free_port()
    config = folder / "postgrest.conf"
    postgrest.write_config(
        config,
        {
            "db-uri": db.url("authenticator"),
            "db-schemas": "public",
            "db-anon-role": "anon",
            "db-pool": "4",
            "db-max-rows": postgrest.MAX_ROWS,
            "jwt-secret": f"@{keys}",
            "server-host": "127.0.0.1",
            "server-port": str(port),
            "admin-server-port": str(admin_port),
            "log-level": "info",
        }
        | {name.replace("_", "-"): value for name, value in settings.items()},
    )
    log = folder / "postgrest.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [postgrest.find(ROOT), config],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"GHCRTS": runtime},
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{admin_port}/ready", process, log)
        running = RunningPostgrest(f"http://127.0.0.1:{port}")
        yield running
        running.close()
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
    _refuse_unfiltered_changes(log.read_text())


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=PATIENCE_SECONDS).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"PostgREST is not ready:\n{log.read_text()}")
