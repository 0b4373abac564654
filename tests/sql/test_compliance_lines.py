"""How well rules judge lines written by hand: disguises found, innocent words left alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from psycopg.types.json import Jsonb

from tests.database import Database, make_user
from tests.evaluation.rules import THRESHOLDS
from tests.evaluation.thresholds import read_thresholds
from tests.rules import make_rule

LINES = Path(__file__).parents[2] / "tests/evaluation/compliance_lines.toml"
RECALL, PRECISION = (read_thresholds()[name].low for name in THRESHOLDS)


class Judged(NamedTuple):
    kind: str
    line: str
    expected: str
    status: str


def judge_all(db: Database) -> list[Judged]:
    query = "select status from private.check_rule(%s, private.normalize_script(%s))"
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


def test_all_rules_at_once_judge_like_each_alone(db: Database) -> None:
    user = make_user(db)
    rules = tomllib.loads(LINES.read_text())["rule"]
    for number, rule in enumerate(rules):
        make_rule(db, user, str(number), rule["definition"])
    alone = (
        "select r.rule_name, c.* from public.brand_rules as r"
        " cross join private.check_rule(r.rule_definition, private.normalize_script(%s)) as c"
        " order by r.rule_name"
    )
    together = (
        "select rule_name, status, spans, message, suggestion"
        " from public.check_compliance(%s) order by rule_name"
    )
    lines = [line for rule in rules[:8] for line in (*rule["fail"], *rule["pass"])]
    with db.as_user(user) as owner:
        answers = [owner.rows(together, line) for line in lines]
    assert answers == [db.rows(alone, line) for line in lines]


def test_the_definitions_are_valid(db: Database) -> None:
    rules = tomllib.loads(LINES.read_text())["rule"]
    query = "select problem from private.definition_problem(%s)"
    assert {db.value(query, Jsonb(rule["definition"])) for rule in rules} == {None}
