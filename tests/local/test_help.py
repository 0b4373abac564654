"""What the commands say about themselves is true."""

from __future__ import annotations

import re
import subprocess
import sys

from local.layout import ROOT
from tests.patience import PATIENCE_SECONDS

_TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)


def _run(*command: str) -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_SECONDS
    ).stdout


def test_make_alone_lists_every_target():
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    listed = set(re.findall(r"^  make ([a-z-]+)", _run("make"), re.MULTILINE))
    assert listed == targets


def test_every_stack_command_is_listed():
    usage = _run(sys.executable, "-m", "local", "--help")
    [names] = re.findall(r"\{([a-z,-]+)\}\s", usage.replace("\n", " "))[:1]
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    assert set(names.split(",")) <= targets
