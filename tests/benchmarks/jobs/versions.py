"""Versions of everything that is measured, and which systems this machine lacks."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks.jobs import machine, plan

_MODULES = Path(__file__).parent / "node_modules"
_PYTHON = {
    "pgmq read + delete": "pgmq",
    "procrastinate": "procrastinate",
    "pgqueuer (psycopg)": "pgqueuer",
    "pgqueuer (asyncpg)": "asyncpg",
    "celery + redis": "celery",
}


def facts(postgres_version: str) -> dict[str, str]:
    """By name: the machine, the servers, the systems and their drivers."""
    known = {
        name: _python_version(name) for name in (*sorted(set(_PYTHON.values())), "psycopg", "redis")
    } | {name: _node_version(name) for name in (*plan.NODE, "pg")}
    commands = {"redis-server": _said("redis-server", "--version"), "node": _said("node", "-v")}
    present = {name: value for name, value in (known | commands).items() if value}
    return machine.describe() | {"postgresql": postgres_version} | present


def missing() -> dict[str, str]:
    """Why a system can't be measured here, by system."""
    reasons = {
        system: f"{package} is not installed"
        for system, package in _PYTHON.items()
        if _python_version(package) is None
    }
    if shutil.which("redis-server") is None:
        reasons["celery + redis"] = "redis-server is not installed"
    if shutil.which("node") is None:
        return reasons | dict.fromkeys(plan.NODE, "node is not installed")
    return reasons | {
        system: "its npm package is not installed"
        for system in plan.NODE
        if _node_version(system) is None
    }


def _python_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _node_version(package: str) -> str | None:
    manifest = _MODULES / package / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else None


def _said(*command: str) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return next((word[2:] for word in output.split() if word.startswith("v=")), output)
