"""What the local stack knows of the migrations that it applied."""

from __future__ import annotations

import pytest

from local import provisioning


@pytest.fixture
def migrations(tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_first.sql").write_text("select 1;")
    (folder / "2_second.sql").write_text("select 2;")
    monkeypatch.setattr(provisioning, "MIGRATIONS", folder)
    return folder


def test_a_migration_edited_or_removed_after_it_was_applied_is_named(migrations, tmp_path):
    record = tmp_path / "applied.json"
    provisioning.remember_applied(record)
    (migrations / "1_first.sql").write_text("select 'other';")
    (migrations / "2_second.sql").unlink()
    assert provisioning.edited_since(record) == ["1_first.sql", "2_second.sql"]


def test_an_edited_migration_stays_named_when_later_ones_are_applied(migrations, tmp_path):
    record = tmp_path / "applied.json"
    provisioning.remember_applied(record)
    (migrations / "1_first.sql").write_text("select 'other';")
    (migrations / "3_third.sql").write_text("select 3;")
    provisioning.remember_applied(record)
    assert provisioning.edited_since(record) == ["1_first.sql"]
