"""A profile without its PostgreSQL says how to get it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.config import LocalSettings, load
from local import postgres
from local.profiles import HOSTED, PROFILES, BinariesMissingError


def test_missing_programs_are_named_before_anything_is_made(tmp_path):
    profile = replace(HOSTED, binaries=tmp_path / "bin")
    with pytest.raises(BinariesMissingError, match="make setup PROFILE=hosted"):
        postgres.start(tmp_path / "data", 1, profile=profile)
    assert list(tmp_path.iterdir()) == []


def test_a_profile_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("PROFILE", "elsewhere")
    with pytest.raises(SystemExit, match="PROFILE: Input should be 'embedded' or 'hosted'"):
        load(LocalSettings)


@pytest.mark.parametrize("name", PROFILES)
def test_the_sql_of_a_profile_is_there(name):
    profile = PROFILES[name]
    files = [*profile.platform, *([profile.pgmq] if profile.pgmq else [])]
    assert [file for file in files if not file.is_file()] == []
