"""Settings as `.env.example` explains them."""

from __future__ import annotations

import re

import pytest

from core.config import LocalSettings, inherited_environment, setting_names
from local import stack
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


REFUSED = [
    {"EDGE_TOKEN_SECONDS": "45", "WORKER_QUEUES": "no-such-queue", "LEASE_SECONDS": "soon"},
    {"TIKTOK_CLIENT_KEY": "alone"},
    {"APP_ENV": "production", "FETCH_ALLOW": "127.0.0.1:1", "CLERK_WEBHOOK_SECRETS": ""},
]


@pytest.mark.parametrize("wrong", REFUSED)
def test_settings_that_a_process_refuses_are_named_before_anything_starts(
    tmp_path, monkeypatch, wrong
):
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    said = []
    with pytest.raises(stack.StackError) as caught:
        stack.up(LocalSettings(local_dir=tmp_path), said.append)
    message = str(caught.value)
    assert [name for name in wrong if name not in message] == []
    assert "no-such-queue" not in message  # a value may be a secret
    assert said == []
