"""Applies the migrations that a database lacks, as `supabase db push` does, from inside the image.

`python -m deploy.migrations` connects as the owner, with DB_URL. `--plan` says what is missing.
Each file is one transaction with its row in the history that the Supabase CLI keeps, too. So either
tool goes on where the other one has stopped.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from core.config import OwnerSettings, load
from core.database import Row, connect

FOLDER = Path(__file__).resolve().parent.parent / "supabase" / "migrations"
# The table of the Supabase CLI.
_HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key, statements text[], name text
)
"""
# Two releases at once: the second one waits, then finds nothing to do.
_LOCK = "select pg_advisory_lock(hashtext('supabase_migrations'))"
_RECORD = """
insert into supabase_migrations.schema_migrations (version, name, statements)
values (%s, %s, array[%s])
"""
# A statement that waits for a lock blocks everybody behind it. Better fail, and try again.
_LIMITS = (
    "select set_config('lock_timeout', '10s', false), set_config('statement_timeout', '0', false)"
)


@dataclass(frozen=True)
class Migration:
    """A file of supabase/migrations, `VERSION_name.sql`."""

    version: str
    name: str
    path: Path


def files(folder: Path = FOLDER) -> list[Migration]:
    """All of them, oldest first."""
    found = [(path.stem.partition("_"), path) for path in sorted(folder.glob("*_*.sql"))]
    return [Migration(version, name, path) for (version, _, name), path in found]


def applied(db: psycopg.Connection[Row]) -> set[str]:
    """The versions of the database's history; empty without one."""
    row = db.execute("select to_regclass('supabase_migrations.schema_migrations') as it").fetchone()
    if row is None or row["it"] is None:
        return set()
    rows = db.execute("select version from supabase_migrations.schema_migrations")
    return {str(row["version"]) for row in rows}


def pending(db: psycopg.Connection[Row], folder: Path = FOLDER) -> list[Migration]:
    """What the database lacks, oldest first."""
    known = applied(db)
    return [each for each in files(folder) if each.version not in known]


def apply(db: psycopg.Connection[Row], folder: Path = FOLDER) -> list[Migration]:
    """Applies what is missing and returns it. An error undoes the file that it is in."""
    db.execute(_LOCK)
    db.execute(_LIMITS)
    db.execute(_HISTORY.encode())
    done = []
    for each in pending(db, folder):
        text = each.path.read_text()
        with db.transaction():
            db.execute(text.encode())
            db.execute(_RECORD, (each.version, each.name, text))
        done.append(each)
    return done


def main(arguments: list[str]) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.migrations", description=__doc__)
    parser.add_argument("--plan", action="store_true", help="say what is missing, change nothing")
    parsed = parser.parse_args(arguments)
    url = load(OwnerSettings).db_url.get_secret_value()
    try:
        with connect(url, application_name="migrations") as db:
            found = pending(db) if parsed.plan else apply(db)
    except psycopg.Error as error:
        print(f"Nothing more was applied: {error}", file=sys.stderr)
        return 1
    for each in found:
        print(f"{'pending' if parsed.plan else 'applied'} {each.path.name}")
    if not found:
        print("The database has every migration.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
