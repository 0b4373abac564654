"""Wrong grants turn the suite red: each mutant of a migration fails the test that it should."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from tests.database import Database
from tests.server import MIGRATIONS
from tests.sql import test_grants
from tests.sql.test_portability import open_by_default

REVOKED_TABLES = (
    "alter default privileges in schema public\n"
    "revoke all on tables from anon, authenticated, service_role;"
)
REVOKED_FUNCTIONS = (
    "alter default privileges in schema public\n"
    "revoke all on functions from anon, authenticated, service_role;"
)


@dataclass(frozen=True)
class Mutant:
    """What is replaced in the migrations, on which project, and the test that fails."""

    before: str
    after: str
    test: Callable[[Database], None]
    is_old_project: bool = False


def functions_of_anon(db: Database) -> None:
    test_grants.test_functions_are_granted_one_by_one(db, "anon")


MUTANTS = {
    "an old project's default privileges of tables stay": Mutant(
        REVOKED_TABLES,
        "",
        test_grants.test_tables_are_granted_verb_by_verb,
        is_old_project=True,
    ),
    "an old project's default privileges of functions stay": Mutant(
        REVOKED_FUNCTIONS, "", functions_of_anon, is_old_project=True
    ),
    "a new project's default privileges of tables stay": Mutant(
        REVOKED_TABLES,
        "",
        test_grants.test_nothing_but_the_four_verbs_is_granted,
    ),
    "a default privilege opens tables": Mutant(
        REVOKED_TABLES,
        "alter default privileges in schema public grant select on tables to anon;",
        test_grants.test_tables_are_granted_verb_by_verb,
    ),
    "a grant of a table is dropped": Mutant(
        r"grant select on public\.jobs to authenticated[^;]*;",
        "",
        test_grants.test_tables_are_granted_verb_by_verb,
    ),
    "a grant of a function is dropped": Mutant(
        r"grant execute on function private\.before_request to anon, [^;]*;",
        "",
        functions_of_anon,
    ),
}


def migrate(db: Database, before: str = "", after: str = "") -> None:
    """Applies the migrations with one replacement, which must be possible once."""
    text = "".join(path.read_text() for path in sorted(MIGRATIONS.glob("*.sql")))
    if before:
        pattern = before if "\\" in before else re.escape(before)
        text, count = re.subn(pattern, after, text)
        assert count == 1, before
    with db.connection.transaction():
        db.execute(text)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_wrong_grant_fails_a_test(made, mutant: Mutant):
    steps = [open_by_default] if mutant.is_old_project else []
    wrong = partial(migrate, before=mutant.before, after=mutant.after)
    with made(*steps, wrong) as database, pytest.raises(AssertionError):
        mutant.test(database)


@pytest.mark.parametrize("steps", [[], [open_by_default]], ids=["new project", "old project"])
def test_without_a_mutant_the_same_tests_pass(made, steps: list[Callable[[Database], None]]):
    with made(*steps, migrate) as database:
        for test in {mutant.test for mutant in MUTANTS.values()}:
            test(database)
