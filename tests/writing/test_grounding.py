"""What a person can't see reaches no model, and comes from none."""

from __future__ import annotations

import sys

import pytest

from tests.database import Database
from workers.writing.grounding import as_line, is_clean, is_visible

HIDDEN = {
    "zero-width space": "\u200b",
    "right-to-left override": "\u202e",
    "variation selector of the supplement": "\U000e0101",
    "tag": "\U000e0041",
    "Hangul filler": "\u3164",
    "soft hyphen": "\u00ad",
    "control": "\u0007",
    "private use": "\ue000",
}


@pytest.mark.parametrize("char", HIDDEN.values(), ids=HIDDEN)
def test_what_a_person_cannot_see_reaches_no_model(char: str):
    assert as_line(f"so{char} good") == "so good"


@pytest.mark.parametrize("char", HIDDEN.values(), ids=HIDDEN)
def test_a_text_of_a_model_that_hides_something_is_dropped(char: str):
    assert not is_clean(f"so{char} good")


@pytest.mark.parametrize("text", ["So good \u2764\ufe0f", "Tan bueno, ¿no?\nSí", "\u304a\u3044"])
def test_a_text_without_hidden_characters_stays(text: str):
    assert is_clean(text)
    assert as_line(text) == " ".join(text.split())


def test_what_the_database_hides_is_hidden_here_too(db: Database):
    every = "".join(
        chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000
    )
    visible = set(db.value("select private.visible(%s)", every))
    assert [hex(ord(char)) for char in every if char not in visible and is_visible(char)] == []
