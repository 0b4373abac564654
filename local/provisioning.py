"""Fills a local database: the platform's part as superuser, then the migrations as `postgres`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from local.layout import ROOT
from local.profiles import EMBEDDED, Profile

MIGRATIONS = ROOT / "supabase" / "migrations"
_SUPABASE = ROOT / "node_modules" / ".bin" / "supabase"
# An advisory lock: two starts must not alter a role at once.
_LOCK = "select pg_advisory_xact_lock(hashtext('local provisioning'))"


class CommandFailedError(RuntimeError):
    """A tool ended with an error; the message holds what it printed."""


def prepare_platform(superuser_url: str, profile: Profile = EMBEDDED) -> None:
    """Gives a plain PostgreSQL what hosted Supabase has, in one transaction. Repeatable."""
    with psycopg.connect(superuser_url) as connection:
        connection.execute(_LOCK)
        for file in profile.platform:
            connection.execute(file.read_bytes())


def set_passwords(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Sets the password of each login that exists; migrations create them."""
    statement = sql.SQL("alter role {} with login password {}")
    with psycopg.connect(superuser_url) as connection:
        connection.execute(_LOCK)
        for login, password in passwords.items():
            if connection.execute("select to_regrole(%s)", (login,)).fetchone() != (None,):
                connection.execute(statement.format(sql.Identifier(login), sql.Literal(password)))


def migrate(database_url: str) -> None:
    """Applies the missing migrations with `supabase db push`, as the owner that the URL names."""
    # A merge may bring an older file after a newer one was applied.
    run_supabase("db", "push", "--yes", "--include-all", database_url=database_url)


def has_pending_migrations(superuser_url: str) -> bool:
    """Whether a migration file is not in the database's history."""
    files = {path.name.split("_")[0] for path in MIGRATIONS.glob("*.sql")}
    with psycopg.connect(superuser_url) as connection:
        history = "supabase_migrations.schema_migrations"
        if connection.execute("select to_regclass(%s)", (history,)).fetchone() == (None,):
            return True
        applied = connection.execute(
            "select version from supabase_migrations.schema_migrations"
        ).fetchall()
    return not files <= {version for (version,) in applied}


def remember_applied(record: Path) -> None:
    """Stores a hash of each applied migration; earlier hashes stay."""
    record.write_text(json.dumps(_digests() | _noted(record)))


def edited_since(record: Path) -> list[str]:
    """Migrations that were edited or removed after they were applied here."""
    now = _digests()
    return [name for name, digest in _noted(record).items() if now.get(name) != digest]


def run_supabase(*arguments: str, database_url: str, other_url: str = "") -> str:
    """Runs the Supabase CLI on a database and returns its output; raises CommandFailedError.

    With `other_url`, a command such as `db diff` writes what turns `database_url` into `other_url`.
    Both have one password. It is in the environment: every user of the machine can read arguments.
    """
    places = [f"--remote={_without_password(database_url)}"]
    if other_url:
        places = [
            f"--from={_without_password(database_url)}",
            f"--to={_without_password(other_url)}",
        ]
    result = subprocess.run(
        [_SUPABASE, *arguments, *places],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        cwd=ROOT,
        env=os.environ
        | {
            "SUPABASE_TELEMETRY_DISABLED": "1",
            "PGPASSWORD": urlsplit(database_url).password or "",
        },
    )
    if result.returncode:
        said = f"{result.stderr}{result.stdout}"
        raise CommandFailedError(f"supabase {' '.join(arguments[:2])} failed:\n{said}")
    return result.stdout


def _without_password(database_url: str) -> str:
    url = urlsplit(database_url)
    return f"{url.scheme}://{url.username}@{url.hostname}:{url.port}{url.path}?sslmode=disable"


def _noted(record: Path) -> dict[str, str]:
    noted: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    return noted


def _digests() -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(MIGRATIONS.glob("*.sql"))
    }
