"""Debian's PostgreSQL 15 as a second server to test on: a copy, because pgmq's files are added."""

from __future__ import annotations

import shutil
from pathlib import Path

DEBIAN_LIB = Path("/usr/lib/postgresql/15")
DEBIAN_SHARE = Path("/usr/share/postgresql/15")


def is_installed() -> bool:
    return (DEBIAN_LIB / "bin" / "initdb").exists() and DEBIAN_SHARE.exists()


def copied_binaries(folder: Path) -> Path:
    """The programs of a copy below `folder`; they find their files relative to themselves."""
    lib = folder / "lib" / "postgresql" / "15"
    shutil.copytree(DEBIAN_LIB, lib)
    shutil.copytree(DEBIAN_SHARE, folder / "share" / "postgresql" / "15")
    return lib / "bin"
