"""docs/limits.md: every setting, constant, table, code and test that it names is there."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import pytest
from pydantic_settings import BaseSettings

from core.config import EdgeSettings, LocalSettings, WorkerSettings
from local.layout import ROOT
from tests.database import Database
from tests.docs.test_errors import EDGE, FRONT, JOBS, POSTGREST, in_page
from tests.server import SCHEMAS

PAGE = (ROOT / "docs" / "limits.md").read_text()
SETTINGS: tuple[type[BaseSettings], ...] = (WorkerSettings, EdgeSettings, LocalSettings)
DEFAULTS = {
    name.upper(): field.default for kind in SETTINGS for name, field in kind.model_fields.items()
}
SECTIONS = (POSTGREST, FRONT, EDGE, JOBS)
COLUMN = """
select count(*) from pg_attribute where attrelid = to_regclass(%s) and attname = %s
and not attisdropped
"""


class Limit(NamedTuple):
    """A row of the page."""

    what: str
    value: str
    places: str
    outcome: str
    tests: str


ROWS = [
    Limit(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not re.match(r"\| (---|bound \||what \|)", line)
]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def places(form: str) -> list[tuple[Limit, re.Match[str]]]:
    """The places of this form, each with its row."""
    return [
        (row, match)
        for row in ROWS
        for place in quoted(row.places)
        if (match := re.fullmatch(form, place))
    ]


CONSTANTS = places(r"([\w./]+\.py):(\w+)")
NAMED_SETTINGS = places(r"[A-Z_]+")
FILES = places(r"[\w./]+\.(?:toml|sql)")
FAMILIES = places(r"\*_\w+\.sql")
TABLES = places(r"(private|plans)\.(\w+)(?:\.(\w+))?")
PROVED = sorted(
    {test for row in ROWS for test in re.findall(r"tests/[\w/.]+(?:::\w+)?", row.tests)}
)


def constant(path: str, name: str) -> object:
    """What a module assigns to a name at its outermost level, if that is made of numbers."""
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return eval(ast.unparse(node.value), {"__builtins__": {}})  # noqa: S307
    return None


def shown(value: float) -> set[str]:
    """A number as the page may write it."""
    sizes = {"KiB": 1024, "MiB": 1024**2, " h": 3600, " million": 1_000_000}
    scaled = {
        f"{value / size:g} {unit.strip()}" for unit, size in sizes.items() if value % size == 0
    }
    return {f"{value:g}", f"{value:,.0f}"} | scaled


def has_value(row: Limit, value: object) -> bool:
    if isinstance(value, str) and not re.fullmatch(r"[\d.]+", value):
        return value in row.value.split(", ")
    number = float(str(value))
    return any(re.search(rf"(?<![\d,.]){text}(?![\d,]*\d)", row.value) for text in shown(number))


def test_the_page_has_rows_of_five_cells_and_no_place_of_another_form():
    assert len(ROWS) > 60
    known = (CONSTANTS, NAMED_SETTINGS, FILES, FAMILIES, TABLES)
    assert sum(map(len, known)) == sum(len(quoted(row.places)) for row in ROWS)
    assert [row.what for row in ROWS if not quoted(row.places)] == []


def test_every_constant_is_there_and_has_that_value():
    wrong = [
        (match[0], row.value)
        for row, match in CONSTANTS
        if (value := constant(match[1], match[2])) is None or not has_value(row, value)
    ]
    assert wrong == []


def test_every_setting_is_there_and_has_that_default():
    wrong = [
        (match[0], row.value)
        for row, match in NAMED_SETTINGS
        if match[0] not in DEFAULTS or not has_value(row, seen(match[0], DEFAULTS[match[0]]))
    ]
    assert wrong == []


def seen(name: str, default: object) -> object:
    """Megabytes are counted in their setting."""
    return int(str(default)) * 1024**2 if name.endswith("_MB") else default


@pytest.mark.parametrize("path", sorted({match[0] for _, match in FILES}))
def test_every_file_is_there(path: str):
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("family", sorted({match[0] for _, match in FAMILIES}))
def test_a_schema_file_is_meant_by_one_name(family: str):
    assert len(list(SCHEMAS.glob(family))) == 1


def test_every_table_and_column_is_there(db: Database):
    missing = []
    for _, match in TABLES:
        schema, name, column = match.groups()
        table, column = (
            (f"public.{schema}", name) if schema == "plans" else (f"{schema}.{name}", column)
        )
        known = (
            db.value(COLUMN, table, column)
            if column
            else db.value("select count(to_regclass(%s))", table)
        )
        missing += [] if known else [match[0]]
    assert missing == []


def test_every_plan_has_the_numbers_of_the_page(db: Database):
    columns = {
        match[2]: row for row, match in TABLES if match[1] == "plans" and "quarter" not in row.value
    }
    plans = db.rows("select * from public.plans order by rank")
    wrong = [
        (column, row.value)
        for column, row in columns.items()
        for plan in plans
        if not has_value(row, plan[column])
    ]
    assert wrong == []


def test_every_code_is_explained_in_errors_md():
    codes = set().union(*map(in_page, SECTIONS))
    said = {word for row in ROWS for word in quoted(row.outcome)}
    # What is no error: the way on, and the metric of a refused quota.
    assert said - codes == {
        "next_cursor",
        "stored_scripts",
        "brand_rules",
        "brands",
        "watch",
        "seats",
        "/healthz",
    }


@pytest.mark.parametrize("test", PROVED)
def test_every_test_is_there(test: str):
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text()
    assert re.search(rf"^(async )?def {name or 'test_'}", text, re.MULTILINE)


def test_a_row_without_a_test_says_so():
    untested = {row.tests for row in ROWS if "tests/" not in row.tests}
    assert untested == {"\N{EN DASH}"}
