"""Settings as `.env.example` explains them."""

from __future__ import annotations

import re

from core.config import inherited_environment, setting_names
from local.layout import ROOT


def test_env_example_names_every_setting_and_no_other():
    text = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#([A-Z_]+)=", text, re.MULTILINE)) == setting_names()


def test_an_empty_variable_hides_the_files_value(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_text("OPENAI_API_KEY=from-file\nAPIFY_TOKEN=from-file\n")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    found = inherited_environment(file)
    assert {name: found.get(name) for name in ("OPENAI_API_KEY", "APIFY_TOKEN")} == {
        "OPENAI_API_KEY": None,
        "APIFY_TOKEN": "from-file",
    }
