"""No function changes all rows of a table.

Hosted Supabase refuses UPDATE and DELETE without WHERE in API sessions (its library `safeupdate`),
within functions, too. A local server lacks that library.
"""

from __future__ import annotations

import re

import pytest

from tests.database import Database

BODIES = """
select p.oid::regprocedure::text as name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body
from pg_proc as p
where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
"""
# Words in comments and texts are no statements.
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)
_CHANGE = re.compile(
    r"\bupdate\s+(?:only\s+)?[\w.]+(?:\s+(?:as\s+)?\w+)?\s+set\b|\bdelete\s+from\b", re.IGNORECASE
)
_PART = re.compile(r"[();]|\bwhere\b", re.IGNORECASE)


def unfiltered(body: str) -> list[str]:
    """The beginning of each UPDATE and DELETE without a WHERE of its own."""
    code = _NO_CODE.sub(" ", body)
    return [
        " ".join(code[change.start() : change.start() + 80].split())
        for change in _CHANGE.finditer(code)
        if not _has_where(code, change.end())
    ]


def _has_where(code: str, start: int) -> bool:
    depth = 0
    for part in _PART.finditer(code, start):
        if part[0] == "(":
            depth += 1
        elif part[0] == ")":
            depth -= 1
        elif part[0] != ";" and depth == 0:
            return True
        if depth < 0 or part[0] == ";":
            return False
    return False


def test_every_change_in_a_function_has_a_filter(db: Database):
    rows = db.rows(BODIES)
    found = {row["name"]: unfiltered(row["body"]) for row in rows}
    assert {name: changes for name, changes in found.items() if changes} == {}
    assert len(rows) > 100


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("begin update public.a as b set c = 1; end", 1),
        ("begin update a set c = (select 1 from d where e); end", 1),
        ("begin delete from public.a; delete from a where b; end", 1),
        ("with c as (delete from a returning b) select from c where d", 1),
        ("begin update a set b = 1 where c; end", 0),
        ("with c as (update a set b = 1 where d returning e) select from c", 0),
        ("begin update a set b = 'x; y' -- all of it;\n where c; end", 0),
        ("insert into a values (1) on conflict (b) do update set c = 1", 0),
        ("perform 'delete from a'; -- update a set b = 1;", 0),
        ("select from a for update; set local b = 1", 0),
    ],
)
def test_an_unfiltered_change_is_found(body: str, count: int):
    assert len(unfiltered(body)) == count
