"""docs/errors.md names every code that the source can answer with, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.sql import test_error_answers
from tests.webhooks import test_error_answers as edge_error_answers

POSTGREST, EDGE, JOBS = "Requests to PostgREST", "Requests to the Flask app", "Jobs"
FRONT = "In front of both"
# Of later versions than the one that tests run: tests.postgrest.as_here knows them.
LATER = {"PGRST205", "PGRST303"}
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
# Where a code is not a literal argument: the constant or mapping that holds it.
PLACES = {
    "supabase/schemas": (
        r"private\.fail\(\s*\d{3},\s*'([a-z_]+)'",
        r"private\.require_text\(\s*[\w.]+,\s*'([a-z_]+)'",
        r"v_job\.ending, '([a-z_]+)',\n",
    ),
    "local": (r"_problem\(start_response, \d{3}, \"([a-z_]+)\"",),
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


def in_page(title: str) -> set[str]:
    """Every code in the code columns of a section's tables."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    row = r"^\|(?: [\d, ]+ \|)? ((?:`\w+`(?:, )?)+) \|"
    cells = re.findall(row, section, re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`(\w+)`", cell)}


def actions() -> dict[str, str]:
    """What the UI should do about each code, in the page's words; its first row counts."""
    found: dict[str, str] = {}
    for title in (POSTGREST, FRONT, EDGE, JOBS):
        section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
        row = r"^\|(?: [\d, ]+ \|)? ((?:`\w+`(?:, )?)+) \|.*\| ([^|]+) \|$"
        for codes, action in re.findall(row, section, re.MULTILINE):
            for code in re.findall(r"`(\w+)`", codes):
                found.setdefault(code, action)
    return found


def test_every_code_is_explained_and_every_explained_code_exists():
    explained = set().union(*map(in_page, (POSTGREST, FRONT, EDGE, JOBS)))
    ours = {code for code in explained if code.islower() and not code[0].isdigit()}
    assert in_source() ^ ours == set()


def test_every_code_of_postgrest_is_produced_by_a_test():
    assert in_page(POSTGREST) ^ set(test_error_answers.CASES) == LATER


def test_every_reason_is_explained_and_every_explained_reason_exists():
    schemas = "".join(path.read_text() for path in (ROOT / "supabase" / "schemas").glob("*.sql"))
    found = set(re.findall(r'"reason": "([a-z_]+)"', schemas))
    found |= set(re.findall(r"'reason', '([a-z_]+)'", schemas))
    # Where a case gives the reason: of names, URLs, tags and keys of a definition.
    found |= set(re.findall(r"case (?:r|v_problem)?\.?(?:v_)?reason\s+when '([a-z_]+)'", schemas))
    paragraph = PAGE.split("`reason`\nis one of these:")[1].split("\n\n")[0]
    explained = set(re.findall(r"`([a-z_]+)`", paragraph.split("`min`")[0]))
    assert found - explained == set()
    assert {reason for reason in explained if f"'{reason}'" not in schemas} <= found


def test_every_code_of_the_gateway_is_expected_by_a_test():
    tests = (ROOT / "tests" / "flow" / "test_gateway.py").read_text()
    assert {code for code in in_page(FRONT) if f'"{code}"' not in tests} == set()


def test_every_code_of_the_edge_is_produced_by_a_test():
    # What the server answers before the app sees a request: tests/webhooks/test_slow_clients.py.
    assert in_page(EDGE) ^ set(edge_error_answers.CASES) == {"request_timeout"}


def test_every_code_of_a_job_is_expected_by_a_test():
    tests = "".join(
        path.read_text()
        for folder in ("workers", "sources", "writing", "sql")
        for path in (ROOT / "tests" / folder).glob("*.py")
    )
    assert {code for code in in_page(JOBS) if f'"{code}"' not in tests} == set()
