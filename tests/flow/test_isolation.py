"""Two users and a stranger, with supabase-js: each sees their own rows, the stranger plans only."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.layout import ROOT
from tests.flow.shop import Shop
from tests.flow.stack import LocalStack
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.flow

_OWNED = {
    "products": 1,
    "analysis_results": 2,
    "virality_packs": 1,
    "jobs": 1,
    "scripts": 1,
    "script_versions": 1,
    "brand_rules": 1,
    "brands": 1,
    "shares": 1,
    "subscriptions": 0,
    "analysis_numbers": 1,
    "competitors": 0,
    "notifications": 1,
    "plans": 3,
}


@pytest.fixture(scope="module")
def report(stack: LocalStack, shop: Shop) -> dict[str, Any]:
    variables = {
        "API_URL": stack.env["API_URL"],
        "ANON_KEY": stack.env["ANON_KEY"],
        "OWNER_SESSION": stack.session_token("isolation-owner"),
        "OTHER_SESSION": stack.session_token("isolation-other"),
        "PRODUCT_URL": shop.url("/isolation"),
    }
    script = Path(__file__).with_name("isolation.mjs")
    run = subprocess.run(
        ["node", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | variables,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_owner_has_rows_to_take(report: dict[str, Any]):
    assert report["owned"] == _OWNED


def test_another_user_sees_and_changes_nothing(report: dict[str, Any]):
    assert report["other_got"] == {
        # To insert "for the owner" is refused by a missing grant, or finds no such product.
        "products": _cells(0, "42501", 0, 0),
        "analysis_results": _cells(0, "42501", "42501", "42501"),
        "virality_packs": _cells(0, "42501", 0, 0),
        "jobs": _cells(0, "42501", "42501", "42501"),
        "scripts": _cells(0, "not_found", 0, 0),
        "script_versions": _cells(0, "42501", "42501", "42501"),
        "brand_rules": _cells(0, "42501", 0, 0),
        "brands": _cells(0, "42501", 0, 0),
        "shares": _cells(0, "42501", "42501", "42501"),
        "subscriptions": _cells(0, "42501", "42501", "42501"),
        "analysis_numbers": _cells(0, "42501", "42501", "42501"),
        "competitors": _cells(0, "not_found", "42501", 0),
        "notifications": _cells(0, "42501", 0, "42501"),
        "plans": _cells(3, "42501", "42501", "42501"),
    }


def test_a_stranger_sees_plans_only(report: dict[str, Any]):
    refused = "not_signed_in"
    nothing = dict.fromkeys(_OWNED, _cells(refused, refused, refused, refused))
    plans = _cells(3, refused, refused, refused)
    assert report["anonymous_got"] == nothing | {"plans": plans}


def test_nothing_of_the_owner_has_changed(report: dict[str, Any]):
    assert report["is_unchanged"] is True


def _cells(*outcomes: int | str) -> dict[str, int | str]:
    """Rows seen or changed, or the code of the refusal."""
    return dict(zip(("select", "insert", "update", "delete"), outcomes, strict=True))
