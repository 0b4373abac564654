"""Versions of everything that is measured, and what of it this machine lacks."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from local import postgrest
from tests.benchmarks.api import cases
from tests.benchmarks.api.servers import NODE
from tests.benchmarks.jobs import machine

_PYTHON = ("asyncpg", "fastapi", "sqlalchemy", "uvicorn", "uvloop")
_NODE = ("next", "@supabase/supabase-js", "express", "pg")


def facts(postgres_version: str) -> dict[str, str]:
    """By name: the machine, the servers, the systems and their drivers."""
    known = {name: _python(name) for name in _PYTHON} | {name: _node(name) for name in _NODE}
    found = {name: value for name, value in known.items() if value}
    if shutil.which("node"):
        found["node"] = _said("node", "-v")
    found["wrk"] = _said("wrk", "-v").split()[1]
    servers = {"postgresql": postgres_version, "postgrest": postgrest.VERSION}
    return machine.describe() | servers | found


def missing() -> dict[str, str]:
    """Why a system can't be measured here, by system."""
    needed = {
        cases.ASYNCPG: _python("fastapi") and _python("asyncpg"),
        cases.SQLALCHEMY: _python("fastapi") and _python("sqlalchemy"),
        cases.EXPRESS: shutil.which("node") and _node("express"),
        cases.NEXT: (NODE / ".next" / "BUILD_ID").exists(),
    }
    return {system: "not installed" for system, there in needed.items() if not there}


def _python(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _node(package: str) -> str | None:
    manifest = NODE / "node_modules" / package / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else None


def _said(*command: str) -> str:
    # wrk tells its version and ends with an error.
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    return result.stdout.strip()
