"""Generates files from the schemas: the initial migration, types, OpenAPI, docs.

They are committed, so that a review sees changes of the contract. `make check` compares them.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg

from local import postgrest, provisioning, scratch
from local.layout import ROOT
from local.tools import api_page, openapi, schema, schema_page, types

SCHEMA_PAGE = ROOT / "docs" / "schema.md"
TYPES = ROOT / "supabase" / "types" / "database.ts"
DOCUMENTS = ROOT / "supabase" / "types" / "documents.ts"
DOCUMENTS_SCHEMA = ROOT / "supabase" / "types" / "documents.schema.json"
PYTHON_TYPES = ROOT / "supabase" / "types" / "database.py"
OPENAPI = ROOT / "supabase" / "types" / "api.openapi.json"
API_PAGE = ROOT / "docs" / "api.md"
_READY_SECONDS = 600.0


def _page(database: scratch.Database, page: Callable[[psycopg.Connection[Any]], str]) -> str:
    with psycopg.connect(database.url) as connection:
        return page(connection)


def _types(database: scratch.Database, language: str) -> str:
    return provisioning.run_supabase(
        "gen", "types", f"--lang={language}", "--schema=public", database_url=database.url
    )


def _typescript(database: scratch.Database) -> str:
    generated = _types(database, "typescript")
    with psycopg.connect(database.url) as connection:
        return types.database_typescript(connection, generated)


def _openapi(database: scratch.Database) -> str:
    """What a signed-in user may do: PostgREST's description, completed."""
    port = scratch.free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "postgrest.conf"
        settings = {
            "db-uri": database.server.url("authenticator"),
            "db-schemas": "public",
            # The description follows the privileges of whoever asks; nobody is refused here.
            "db-anon-role": "authenticated",
            "db-config": "false",
            "db-pool": "2",
            "server-host": "127.0.0.1",
            "server-port": str(port),
        }
        postgrest.write_config(config, settings)
        process = subprocess.Popen(
            [postgrest.find(ROOT), config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            document = _fetch(f"http://127.0.0.1:{port}/", process)
        finally:
            process.terminate()
            process.wait(timeout=_READY_SECONDS)
    with psycopg.connect(database.url) as connection:
        described = openapi.describe(document, connection)
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


FILES: dict[Path, Callable[[scratch.Database], str]] = {
    schema.INITIAL: lambda _: schema.initial_migration(),
    SCHEMA_PAGE: lambda database: _page(database, schema_page.page),
    TYPES: _typescript,  # for supabase-js
    DOCUMENTS: lambda database: _page(database, types.documents_typescript),
    DOCUMENTS_SCHEMA: lambda database: _page(database, types.documents_schema),
    PYTHON_TYPES: lambda database: _types(database, "python"),  # for supabase-py
    OPENAPI: _openapi,
    API_PAGE: lambda database: _page(database, api_page.page),
}


def write(database: scratch.Database, *paths: Path) -> None:
    """Writes the files anew."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[path](database))


def stale(database: scratch.Database) -> list[str]:
    """A line for each committed file that differs from what the schemas give now."""
    return [
        f"{path.relative_to(ROOT)} is stale: run `make schema types docs`"
        for path, make in FILES.items()
        if not path.exists() or path.read_text() != make(database)
    ]


def _fetch(url: str, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            response = httpx.get(url, timeout=_READY_SECONDS)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if response.status_code == httpx.codes.OK:
            document: dict[str, Any] = response.json()
            return document
        time.sleep(0.05)
    raise RuntimeError("PostgREST did not describe the API")
