"""Clients that know nothing of this project work with the API as they are.

`make foreign` installs and runs them: react-admin's and Refine's data providers for Supabase, and
openapi-typescript for the two descriptions.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.layout import ROOT
from local.tools.generated import OPENAPI
from tests.docs.conftest import Running
from tests.patience import PATIENCE_SECONDS

HERE = ROOT / "tests" / "foreign"
MODULES = HERE / "node_modules"
EDGE = ROOT / "docs" / "edge.openapi.yaml"
pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(
        not MODULES.exists(), reason="The foreign clients are not installed: run `make foreign`."
    ),
]
# A page that fetches by the types of the two descriptions, without a cast.
RIGHT = """
import type { components, paths } from './api.js'
import type { paths as edge } from './edge.js'

type Row<T extends keyof components['schemas']> = components['schemas'][T]
export const added: Row<'products.insert'> = { name: 'Lamp', source_url: 'https://a.b' }
export const changed: Row<'products.update'> = { watch: 'weekly', brand_id: null }
export const hook = (pack: Row<'virality_packs'>): string | undefined =>
  pack.configuration.hooks[0]?.text
export const plan = (account: Row<'Account'>): 'free' | 'creator' | 'agency' => account.plan
type Listed = paths['/products']['get']['responses'][200]['content']['application/json']
export const names = (rows: Listed): string[] => rows.map(({ name }) => name)
type Verdicts = paths['/rpc/check_compliance']['post']['responses'][200]['content']
export const spans = (content: Verdicts): number =>
  content['application/json'].flatMap(({ spans }) => spans).length
type Exchanged = edge['/auth/session']['post']['responses'][200]['content']['application/json']
export const token = (answer: Exchanged): string => answer.access_token
"""
# What does not compile → what the compiler says of it.
WRONG = {
    "export const a: Row<'products.insert'> = { name: 'Lamp' }": "source_url",
    "export const b: Row<'products.insert'> = { name: '', source_url: '', user_id: '' }": "user_id",
    "export const c: Row<'products.update'> = { watch: 'hourly' }": "hourly",
    "export const d: Row<'brand_rules.insert'> = { rule_name: '', rule_definition:"
    " { kind: 'emojis', severity: 'error' } }": "emojis",
    "export const e: Row<'virality_packs.update'> = { score: 99 }": "score",
}


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        **options,
    )


def drive(script: str, running: Running, project: Path) -> dict[str, Any]:
    done = run("node", HERE / script, cwd=HERE, env=running.variables(project))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_refine_drives_the_api(running: Running, project: Path):
    report = drive("refine.mjs", running, project)
    filters = report.pop("filters")
    refused = report.pop("refused")
    assert report == {
        "created": ["Lamp", True, ["Hat", "Mug", "Vase"]],
        "pages": [[["Hat", "Lamp", "Mug"], 4], [["Vase"], 4]],
        "many": ["Hat", "Mug", "Vase"],
        "references": ["Acme", ["analyze_product"]],
        "byBrand": 1,
        "updated": "Desk lamp",
        "updatedMany": [["sale"]] * 3,
        "overview": 3,
        "stranger": [None, 0],
        "kept": "Desk lamp",
        "deleted": 0,
    }
    assert filters == {
        "name eq": ["Lamp"],
        "name ne": ["Hat", "Mug", "Vase"],
        "name contains": ["Hat", "Lamp", "Vase"],
        "name containss": [],
        "name startswith": ["Mug"],
        "name endswith": ["Lamp"],
        "name in": ["Hat", "Mug"],
        "brand_id null": ["Hat", "Mug", "Vase"],
        "brand_id nnull": ["Lamp"],
        "name gte": ["Mug", "Vase"],
        "name lt": ["Hat", "Lamp"],
        "or": ["Hat", "Vase"],
    }
    assert refused == {
        "url": {
            "message": "The source URL must start with http:// or https://.",
            "code": "invalid_url",
        },
        "column": {"code": "42501"},
        "twice": {"code": "already_exists"},
        "quota": {
            "message": "Your plan includes 5 products, and 4 are in use. You asked for 3 more.",
            "code": "quota_exceeded",
        },
        "inUse": {"code": "brand_in_use"},
    }


def test_react_admin_drives_the_api(running: Running, project: Path):
    report = drive("react-admin.mjs", running, project)
    filters = report.pop("filters")
    refused = report.pop("refused")
    assert report == {
        "created": [["Lamp", "Hat", "Mug", "Vase"], True],
        "pages": [
            [["Hat", "Lamp", "Mug"], 4],
            [["Vase"], 4],
            [["Vase", "Mug", "Lamp", "Hat"], 4],
        ],
        "one": "Lamp",
        "many": ["Hat", "Mug", "Vase"],
        "references": [["analyze_product"], 1],
        "embedded": [{"name": "Acme"}],
        "updated": "Desk lamp",
        "updatedMany": 3,
        "severity": "info",
        "body": ["invalid_name", {"field": "name", "reason": "missing"}],
        "stranger": [406, 406, 0],
        "kept": "Desk lamp",
        "deleted": 0,
        "schema": True,
    }
    assert filters == {
        "name": ["Lamp"],
        "name@neq": ["Hat", "Mug", "Vase"],
        "name@ilike": ["Hat", "Lamp", "Vase"],
        "name@gte": ["Mug", "Vase"],
        "name@in": ["Hat", "Mug"],
        "brand_id@is": ["Hat", "Mug", "Vase"],
        "brand_id@not.is": ["Lamp"],
        "@or": ["Hat", "Lamp"],
    }
    assert refused == {
        "url": {
            "message": "The source URL must start with http:// or https://.",
            "status": 422,
        },
        "column": {"status": 403},
        "twice": {"message": "You already have a rule named “No miracles”.", "status": 409},
        "gone": {"status": 406},
        "inUse": {
            "message": "“Acme” has products or rules. Move or delete them first, or archive the"
            " brand.",
            "status": 409,
        },
    }


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What openapi-typescript makes of the two descriptions."""
    folder = tmp_path_factory.mktemp("openapi")
    for document, name in ((OPENAPI, "api"), (EDGE, "edge")):
        done = run(
            MODULES / ".bin" / "openapi-typescript", document, "--output", folder / f"{name}.d.ts"
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def compiled(folder: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    (folder / name).write_text(text)
    options = ("--noEmit", "--strict", "--noUncheckedIndexedAccess", "--target", "es2023")
    return run(MODULES / ".bin" / "tsc", *options, "--module", "nodenext", folder / name)


def test_openapi_typescript_reads_both_descriptions(typed: Path):
    result = compiled(typed, "right.mts", RIGHT)
    assert result.returncode == 0, result.stdout


def test_a_wrong_request_does_not_compile_by_the_description(typed: Path):
    result = compiled(typed, "wrong.mts", RIGHT + "\n".join(WRONG))
    first = RIGHT.count("\n") + 1
    said = {
        int(line.split("(")[1].split(",")[0]) - first: line
        for line in result.stdout.splitlines()
        if "wrong.mts(" in line
    }
    missed = [
        text
        for number, (text, word) in enumerate(WRONG.items())
        if word not in result.stdout or number not in said
    ]
    assert missed == [], result.stdout
    assert min(said) == 0


def test_every_operation_has_an_id_errors_and_a_server():
    document = json.loads(OPENAPI.read_text())
    operations = [one for verbs in document["paths"].values() for one in verbs.values()]
    ids = [one["operationId"] for one in operations]
    assert document["openapi"] == "3.1.0"
    assert len(document["servers"]) == 2
    assert len(set(ids)) == len(ids) > 50
    assert [one["operationId"] for one in operations if "429" not in one["responses"]] == []
    assert "Retry-After" in document["components"]["responses"]["Problem429"]["headers"]
