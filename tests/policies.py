"""`make policies`: pgrls proves the policies of each table of the API; exit 1 unless all is proven.

Z3 looks for a row that a stranger, or another account, could read or write. The policies are those
of the migrations. What a role is granted, and what functions do, is for tests/sql.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from core.config import LocalSettings, load
from local import scratch
from local.layout import ROOT

PGRLS = ROOT / ".venv" / "policies" / "bin" / "pgrls"
# The columns that say whose a row is. Of an account it is the key itself.
_CONFIG = '[lint.rules.SEC021]\nidentity_columns = ["user_id", "id"]\n'
_TIMEOUT_SECONDS = 300
MODES = {
    "anon": "no stranger reads a row",
    "cross-tenant": "no account reads a row of another",
    "write": "no account writes a row of another",
    "reachability": "no view shows a stranger what a table hides",
    "escalation": "no role of the API becomes an owner",
}
# Everybody may read the plans: they have no owner.
PUBLIC = {("anon", "public.plans"): "leak", ("cross-tenant", "public.plans"): "unverified"}
# If pgrls looks at the wrong schema it finds nothing. It must find these.
_CONTROL = """
create table public.{name} (id uuid primary key, user_id uuid not null);
alter table public.{name} enable row level security;
create policy read on public.{name} for select using (user_id = auth.uid() or true);
create policy write on public.{name} for insert with check (user_id = auth.uid() or true);
"""
_NAME = "policies_negative_control"


def verdicts(url: str, mode: str) -> dict[str, str]:
    """What pgrls says of each table: isolated, leak or unverified."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "pgrls.toml")
        config.write_text(_CONFIG)
        done = subprocess.run(
            [PGRLS, "verify", "--mode", mode, "--schemas", "public"]  # noqa: RUF005 - options
            + ["--format", "json", "--config", config],
            check=False,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            # Arguments can be read by every user of the machine; the URL has a password.
            env=os.environ | {"DATABASE_URL": url},
        )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"pgrls failed: {done.stderr or done.stdout}") from None
    return {found["table"]: found["verdict"] for found in answer.get("tables", [])}


def main() -> int:
    """Entry point; returns the exit status."""
    settings = load(LocalSettings, _env_file=ROOT / ".env")
    problems = []
    with scratch.database(settings.local_dir) as database:
        for mode, meaning in MODES.items():
            found = verdicts(database.url, mode)
            wrong = {
                table: verdict
                for table, verdict in found.items()
                if verdict != PUBLIC.get((mode, table), "isolated")
            }
            print(f"{'FAILED' if wrong else 'ok':7}{mode:13} {len(found):3} tables  {meaning}")
            problems += [f"{mode}: {table} is {verdict}" for table, verdict in wrong.items()]
        problems += _unnoticed(database.url)
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return int(bool(problems))


def _unnoticed(url: str) -> list[str]:
    """The modes that miss a table whose policies leak."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_CONTROL.format(name=_NAME))
    return [
        f"{mode}: a table that leaks is not found"
        for mode in ("anon", "cross-tenant", "write")
        if verdicts(url, mode).get(f"public.{_NAME}") != "leak"
    ]


if __name__ == "__main__":
    sys.exit(main())
