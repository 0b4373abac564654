"""`make check`: every check besides the tests, one line each."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from psycopg import sql

from core.config import LocalSettings
from local import provisioning, scratch
from local.layout import ROOT
from local.tools import client_types, generated, schema

_BIN = Path(sys.executable).parent
_TOOLS = {
    "ruff format": "ruff format --check --quiet",
    "ruff check": "ruff check --quiet",
    "mypy": "mypy --no-error-summary",
    "squawk": "squawk supabase/*/*.sql",
    "sqlfluff": "sqlfluff lint --processes 0 --disable-progress-bar supabase sql",
}
_PIN = re.compile(r"^([a-z0-9._-]+)==([^ ]+)", re.MULTILINE)
# If the advisors look at the wrong schemas they find nothing. They must find this table.
_CONTROL = "advisors_negative_control"


@dataclass(frozen=True)
class Finding:
    """The output of a check; empty if nothing is wrong."""

    check: str
    text: str
    seconds: float


def run(settings: LocalSettings) -> bool:
    """Runs every check and prints a line for each and its output. True if all are empty."""
    findings = [_timed(name, partial(_tool, command)) for name, command in _TOOLS.items()]
    findings.append(_timed("requirements.lock", _unlocked))
    findings.append(_timed("client types", lambda: "\n".join(client_types.stale())))
    with scratch.database(settings.local_dir) as database:
        findings += [
            _timed("generated files", lambda: "\n".join(generated.stale(database))),
            _timed("schemas", lambda: schema.compare(settings.local_dir, database.server)),
            _timed("advisors", lambda: _advisors(database)),
            _timed("advisors look", lambda: _negative_control(database)),
        ]
    for each in findings:
        print(f"{'FAILED' if each.text else 'ok':7}{each.check:19}{each.seconds:6.1f} s")
    for each in findings:
        if each.text:
            print(f"\n{each.check}:\n{each.text}", file=sys.stderr)
    return not any(each.text for each in findings)


def _timed(name: str, check: Callable[[], str]) -> Finding:
    started = time.monotonic()
    text = check()
    return Finding(name, text, time.monotonic() - started)


def _tool(command: str) -> str:
    name, *arguments = command.split()
    expanded = [
        str(path)
        for argument in arguments
        for path in (sorted(ROOT.glob(argument)) if "*" in argument else [argument])
    ]
    result = subprocess.run(
        [_BIN / name, *expanded],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    return (result.stdout or f"exit status {result.returncode}") if result.returncode else ""


def _unlocked() -> str:
    """Requirements of pyproject.toml that the lock file does not meet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *optional["local"], *optional["dev"]]
    locked = dict(_PIN.findall((ROOT / "requirements.lock").read_text()))
    return "\n".join(
        f"{text} is not met by requirements.lock: run `make lock`"
        for text in wanted
        if (needed := Requirement(text))
        and not needed.specifier.contains(locked.get(canonicalize_name(needed.name), "0.dev0"))
    )


def _advisors(database: scratch.Database) -> str:
    try:
        provisioning.run_supabase("db", "advisors", "--fail-on", "warn", database_url=database.url)
    except provisioning.CommandFailedError as error:
        return str(error)
    return ""


def _negative_control(database: scratch.Database) -> str:
    with psycopg.connect(database.url) as connection:
        table = sql.Identifier("public", _CONTROL)
        connection.execute(sql.SQL("create table {} (id integer)").format(table))
        # The lint looks at what API roles can reach.
        connection.execute(sql.SQL("grant select on {} to anon").format(table))
    if _CONTROL in _advisors(database):
        return ""
    return "A public table without RLS was not reported: supabase/config.toml names other schemas?"
