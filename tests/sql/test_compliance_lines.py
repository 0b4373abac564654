"""How well rules judge lines written by hand: disguises found, innocent words left alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tests.database import Database

LINES = Path(__file__).parent.parent / "data" / "compliance_lines.toml"
RECALL, PRECISION = 0.95, 0.90


class Judged(NamedTuple):
    kind: str
    line: str
    expected: str
    status: str


def judge_all(db: Database) -> list[Judged]:
    query = "select status from private.check_rule(%s, private.fold(%s))"
    return [
        Judged(
            rule["definition"]["kind"],
            line,
            expected,
            db.value(query, Jsonb(rule["definition"]), line),
        )
        for rule in tomllib.loads(LINES.read_text())["rule"]
        for expected in ("pass", "fail")
        for line in rule[expected]
    ]


def share(judged: list[Judged], *, of: str, that: str) -> float:
    """Of the lines whose `of` is fail, how many have a `that` of fail."""
    chosen = [line for line in judged if getattr(line, of) == "fail"]
    return sum(getattr(line, that) == "fail" for line in chosen) / len(chosen)


def test_rules_find_what_is_broken_and_little_else(db: Database) -> None:
    judged = judge_all(db)
    wrong = [line for line in judged if line.expected != line.status]
    assert len(judged) >= 200
    assert share(judged, of="expected", that="status") >= RECALL, wrong
    assert share(judged, of="status", that="expected") >= PRECISION, wrong


def test_every_kind_of_rule_is_found_when_broken(db: Database) -> None:
    judged = judge_all(db)
    recall = {
        kind: share([line for line in judged if line.kind == kind], of="expected", that="status")
        for kind in {line.kind for line in judged}
    }
    assert {kind: value for kind, value in recall.items() if value < RECALL} == {}


def test_the_same_line_is_judged_the_same_every_time(db: Database) -> None:
    assert judge_all(db) == judge_all(db)


def test_the_definitions_are_valid(db: Database) -> None:
    rules = tomllib.loads(LINES.read_text())["rule"]
    query = "select problem from private.definition_problem(%s)"
    assert {db.value(query, Jsonb(rule["definition"])) for rule in rules} == {None}
