"""The committed types tell what a row holds and what an insert needs, as the API does it."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import NotRequired, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter

from local.tools.generated import PYTHON_TYPES, TYPES
from tests.database import Database, make_product, make_user
from tests.postgrest import RunningPostgrest
from tests.rules import banned, make_rule, make_script

INSERTS = {
    "products": {"name", "source_url"},
    "scripts": {"product_id", "content"},
    "brand_rules": {"rule_name", "rule_definition"},
    "brands": {"name"},
    "competitors": {"product_id", "competitor_id"},
    "webhook_endpoints": {"url"},
}


@pytest.fixture(scope="module")
def types() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("database_types", PYTHON_TYPES)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its annotations are texts, which are looked up where the module is registered.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def needed_by_python(types: ModuleType, table: str) -> set[str]:
    """The keys that the Python type of an insert needs."""
    name = "Public" + "".join(word.title() for word in table.split("_")) + "Insert"
    hints = get_type_hints(getattr(types, name), include_extras=True)
    return {key for key, hint in hints.items() if get_origin(hint) is not NotRequired}


def needed_by_typescript(table: str) -> set[str]:
    """The same of the TypeScript type."""
    text = TYPES.read_text()
    insert = re.search(rf'"{table}": {{.*?Insert: {{(.*?)\n +}}', text, re.DOTALL)
    assert insert
    return set(re.findall(r'"(\w+)":', insert[1]))


@pytest.mark.parametrize("table", INSERTS)
def test_an_insert_needs_what_the_types_say(db: Database, types: ModuleType, table: str):
    allowed = db.rows(
        "select column_name from information_schema.column_privileges where grantee ="
        " 'authenticated' and privilege_type = 'INSERT' and table_name = %s",
        table,
    )
    assert needed_by_typescript(table) == INSERTS[table]
    assert needed_by_python(types, table) == INSERTS[table]
    assert {row["column_name"] for row in allowed} >= INSERTS[table]


def test_only_these_tables_take_inserts(db: Database):
    rows = db.rows(
        "select distinct table_name from information_schema.column_privileges"
        " where grantee = 'authenticated' and privilege_type = 'INSERT'"
    )
    assert {row["table_name"] for row in rows} == set(INSERTS)


def test_python_reads_what_the_api_answers(
    db: Database, postgrest: RunningPostgrest, types: ModuleType
):
    product = make_product(db, make_user(db))
    script = make_script(db, product)
    rule = make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    client = postgrest.as_user(product["user_id"])
    answers = {
        types.PublicProducts: ("products", product),
        types.PublicScripts: ("scripts", script),
        types.PublicBrandRules: ("brand_rules", rule),
        types.PublicJobs: ("jobs", db.row("select * from public.jobs")),
    }
    for model, (table, expected) in answers.items():
        rows = client.from_(table).select("*").execute().data
        [read] = TypeAdapter(list[model]).validate_python(rows)
        assert read.model_dump() == expected
