"""docs/errors.md names every code that the source can answer with, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
# Where a code is not a literal argument: the constant or mapping that holds it.
PLACES = {
    "supabase/migrations": (
        r"private\.fail\(\s*\d{3},\s*'([a-z_]+)'",
        r"private\.require_text\(\s*[\w.]+,\s*'([a-z_]+)'",
        r"'failed', '([a-z_]+)',\n",
    ),
    "workers": (
        r"(?:Reject|Retry)\(\s*\"([a-z_]+)\"",
        r"^_(?:BUG|TIMEOUT) = \(\"([a-z_]+)\"",
        r"^    \"[a-z_]+\": \(\s*\"((?:script|model)_[a-z_]+)\"",
    ),
    "webhooks": (
        r"Problem\(\s*\w+,\s*\"([a-z_]+)\"",
        r"code(?:: str)?=\"([a-z_]+)\"",
        r"code: str = \"([a-z_]+)\"",
        r"^    \d{3}: \"([a-z_]+)\"",
    ),
}


def in_source() -> set[str]:
    """Every code found in SQL and Python."""
    return {
        code
        for folder, patterns in PLACES.items()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".sql", ".py"}
        for pattern in patterns
        for code in re.findall(pattern, path.read_text(), re.MULTILINE)
    }


def in_page() -> set[str]:
    """Every code in the tables' code columns, and the one in the text."""
    cells = re.findall(r"^\|(?: \d{3} \|)? ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    codes = {code for cell in cells for code in re.findall(r"`(\w+)`", cell)}
    return {code for code in codes if code.islower() and not code[0].isdigit()} | {"not_modified"}


def test_every_code_is_explained_and_every_explained_code_exists():
    assert in_source() ^ in_page() == set()
