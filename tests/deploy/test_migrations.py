"""The image's migrations: each once, each whole, in the history of the Supabase CLI."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from core.database import connect
from deploy import migrations
from tests.database import Database
from tests.patience import PATIENCE_SECONDS
from tests.server import ROOT

HISTORY = "select version, name, statements from supabase_migrations.schema_migrations order by 1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "20260101000000_first.sql").write_text("create table public.first (id int);")
    (tmp_path / "20260102000000_add_more.sql").write_text(
        "create table public.more (id int);\ninsert into public.more values (1);"
    )
    return tmp_path


def opened(db: Database):
    return connect(db.url("postgres"), application_name="migrations")


def test_each_file_is_applied_once_and_recorded_as_the_cli_does(db: Database, folder: Path):
    with opened(db) as owner:
        assert [each.version for each in migrations.pending(owner, folder)] == [
            "20260101000000",
            "20260102000000",
        ]
        assert len(migrations.apply(owner, folder)) == 2
        assert migrations.apply(owner, folder) == []
    rows = db.rows(HISTORY)
    assert [(row["version"], row["name"]) for row in rows] == [
        ("20260101000000", "first"),
        ("20260102000000", "add_more"),
    ]
    assert rows[0]["statements"] == ["create table public.first (id int);"]
    assert db.value("select count(*) from public.more") == 1


def test_a_file_that_fails_leaves_nothing_and_earlier_ones_stay(db: Database, folder: Path):
    (folder / "20260103000000_bad.sql").write_text("create table public.bad (id int); select 1/0;")
    with opened(db) as owner, pytest.raises(psycopg.errors.DivisionByZero):
        migrations.apply(owner, folder)
    assert db.value("select to_regclass('public.bad')") is None
    assert [row["name"] for row in db.rows(HISTORY)] == ["first", "add_more"]


def test_two_releases_at_once_apply_each_file_once(db: Database, folder: Path):
    done: list[int] = []

    def release() -> None:
        with opened(db) as owner:
            done.append(len(migrations.apply(owner, folder)))

    threads = [threading.Thread(target=release) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert sorted(done) == [0, 0, 2]


def run(db: Database, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.entrypoint", "migrate", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"DB_URL": db.url("postgres"), **settings},
        timeout=PATIENCE_SECONDS,
    )


def test_a_plan_names_what_is_missing_and_changes_nothing(db: Database):
    names = [each.path.name for each in migrations.files()]
    result = run(db, "--plan")
    assert (result.returncode, result.stdout.split()[1::2]) == (0, names)
    assert db.value("select to_regnamespace('supabase_migrations')") is None


def test_a_database_that_is_away_is_an_error_in_one_sentence(db: Database):
    result = run(db, DB_URL="postgresql://postgres@127.0.0.1:1/postgres")
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing more was applied:")


def test_production_holds_the_owners_url_to_its_rules(db: Database):
    result = run(db, APP_ENV="production", DB_URL="postgresql://postgres@db.test/postgres")
    assert result.returncode == 1
    assert "DB_URL must say sslmode=verify-full" in result.stderr


def test_an_unknown_command_names_the_known_ones():
    result = subprocess.run(
        [sys.executable, "-m", "deploy.entrypoint", "serve"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_SECONDS,
    )
    assert (result.returncode, "edge, worker, migrate, keys, health" in result.stderr) == (2, True)


def test_keys_are_made_once(tmp_path: Path):
    command = [sys.executable, "-m", "webhooks.key_rotation", str(tmp_path / "k.json"), "create"]
    subprocess.run(command, check=True, cwd=ROOT, timeout=PATIENCE_SECONDS)
    made = json.loads((tmp_path / "k.json").read_text())
    again = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_SECONDS
    )
    assert (again.returncode, len(made["keys"])) == (1, 1)
    assert again.stderr.splitlines() == [
        f"Nothing was changed: {tmp_path / 'k.json'} is there already"
    ]
    assert json.loads((tmp_path / "k.json").read_text()) == made
