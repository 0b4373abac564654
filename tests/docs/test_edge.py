"""docs/edge.openapi.yaml describes the routes that the Flask app has, and who may call them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.webhooks.edge import make_settings
from webhooks.app import create_app

DOCS = Path(__file__).parents[2] / "docs"
PAGE = yaml.safe_load((DOCS / "edge.openapi.yaml").read_text())


def described() -> dict[tuple[str, str], str]:
    """Who may call each verb of each path; nobody in particular is "public"."""
    return {
        (path, verb.upper()): next(iter(operation["security"][0]), "public")
        if operation["security"]
        else "public"
        for path, operations in PAGE["paths"].items()
        for verb, operation in operations.items()
    }


def test_the_description_and_the_app_have_the_same_routes(tmp_path):
    app = create_app(make_settings("postgresql://nobody@127.0.0.1:1/none", tmp_path))
    served = {
        (rule.rule, verb): app.view_functions[rule.endpoint].auth
        for rule in app.url_map.iter_rules()
        for verb in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described() == served


def test_every_reference_leads_somewhere():
    text = (DOCS / "edge.openapi.yaml").read_text()
    names = set(re.findall(r"#/components/(\w+/\w+)", text))
    assert len(names) >= 5
    assert [name for name in names if not resolve(name)] == []


def resolve(name: str) -> object:
    kind, item = name.split("/")
    return PAGE["components"][kind].get(item)


def test_the_guide_names_settings_that_exist():
    guide = (DOCS / "edge.md").read_text()
    source = (DOCS.parent / "core" / "config.py").read_text().upper()
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", guide))
    assert len(named) >= 8
    assert {name for name in named if name not in source} == set()
