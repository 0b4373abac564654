"""A copy of Debian's PostgreSQL 15, to test on as a second server. The copy gets pgmq's files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from local.profiles import EMBEDDED, Profile

DEBIAN_LIB = Path("/usr/lib/postgresql/15")
DEBIAN_SHARE = Path("/usr/share/postgresql/15")


def is_installed() -> bool:
    return (DEBIAN_LIB / "bin" / "initdb").exists() and DEBIAN_SHARE.exists()


def copied(folder: Path) -> Profile:
    """A copy below `folder`; its programs find their files relative to themselves."""
    lib = folder / "lib" / "postgresql" / "15"
    shutil.copytree(DEBIAN_LIB, lib)
    shutil.copytree(DEBIAN_SHARE, folder / "share" / "postgresql" / "15")
    return replace(EMBEDDED, binaries=lib / "bin")
