"""docs/api.md is what the catalogue says now, and the catalogue says it in sentences."""

from __future__ import annotations

import re

from local.tools import api_page
from local.tools.generated import API_PAGE
from tests.database import Database


def test_the_page_is_what_the_schemas_say(db: Database) -> None:
    assert api_page.page(db.connection) == API_PAGE.read_text(), "run `make docs`"


def test_every_table_and_function_begins_with_a_sentence() -> None:
    entries = API_PAGE.read_text().split("\n### ")[1:]
    sentence = re.compile(r"^[A-Z“][^|`#]*[.:]$", re.MULTILINE)
    assert [entry.split("\n")[0] for entry in entries if not sentence.search(entry)] == []


def test_links_within_the_page_lead_to_its_entries() -> None:
    page = API_PAGE.read_text()
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links
    assert links - set(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == set()
