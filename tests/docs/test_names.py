"""Files and functions that the architecture page and the glossary name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.layout import ROOT
from tests.server import SCHEMAS

DOCS = ROOT / "docs"
WALKS = (DOCS / "architecture.md").read_text().split("## Four walks")[1].split("\n## ")[0]
STEPS = sorted(set(re.findall(r"`([\w/*]+\.(?:py|sql)):([\w.]+)`", WALKS)))
PLACES = sorted(
    set(
        re.findall(r"`([\w/.]+\.(?:py|sql))` \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    )
)


def file_of(name: str) -> Path:
    if name.startswith("*"):
        [found] = SCHEMAS.glob(name.replace("*", "[0-9][0-9]", 1))
        return found
    return ROOT / name


def test_the_pages_name_places():
    assert len(STEPS) > 70
    assert len(PLACES) > 20


@pytest.mark.parametrize(("file", "name"), STEPS)
def test_every_function_of_a_walk_is_there(file: str, name: str):
    text = file_of(file).read_text()
    for part in name.split("."):
        found = re.search(rf"\b(?:def|class|function (?:private|public)\.)\s*{part}\b", text)
        assert found, f"{file} has no {part}"


@pytest.mark.parametrize("file", PLACES)
def test_every_file_of_the_glossary_is_there(file: str):
    assert file_of(file).is_file()
