"""How much of a long trial to run: a part in `make test`, all of it with PROVE=1 (`make prove`)."""

from __future__ import annotations

import os


def rounds(reduced: int, *, full: int) -> int:
    """`full` when everything is to be proven, `reduced` otherwise."""
    return full if os.environ.get("PROVE") else reduced
