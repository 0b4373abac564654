"""Patterns made to be slow, written as rules, and banned words in disguise."""

from __future__ import annotations

import time

import psycopg
from psycopg.types.json import Jsonb

from tests.benchmarks.compliance import _database
from tests.database import Database, make_user
from tests.rules import rule
from tests.sql.test_disguises import PROMISED, disguised, missed
from tests.trials.figures import Figure

_INSERT = "insert into public.brand_rules (rule_name, rule_definition) values ('rule', %s)"
_CHECK = "select count(*) from public.check_compliance(%s)"
# Refused now, before they are compiled: each took from 0.3 to 13 s.
_REFUSED = (
    r"((\w*\s*([^a]*)??){1,99})+",
    r"((\w*\s*([^a]*)??){1,99})+x",
    "((a?){1,250})+1",
    "(a*b*c*d*){1,99}x",
)
# The slowest accepted ones that a search of some minutes found.
_ACCEPTED = (
    (
        r"(((?:((?:\W|(\w|\W+)*\wb*|\d)+.*(?:\s)?\y|x+|\w|\s)?[^a]*([a-z].)*(\d{20,119}|.*|a+))??"
        r"(\w[[:alpha:]]\d{1,}\W?)+[a-z]{99,198}é{1,1})?x)?x"
    ),
    "((a|b){1,250})1",
    "(((((a+)+)+)+)+)+b",
)


def run() -> list[Figure]:
    """Each pattern is written by a user; what is kept is then checked in a session of its own."""
    with _database() as db:
        writes = {pattern: _write(db, pattern) for pattern in (*_REFUSED, *_ACCEPTED)}
        lines = len(list(disguised(PROMISED)))
        found = lines - len(missed(db, PROMISED))
    kept = [seconds for pattern, (_, seconds) in writes.items() if pattern in _ACCEPTED]
    return [
        Figure(
            "slow patterns that are kept",
            sum(writes[pattern][0] for pattern in _REFUSED),
            before="3 of 4",
            at_most=0,
        ),
        Figure(
            "slowest refusal",
            max(writes[pattern][1] for pattern in _REFUSED),
            "s",
            before="12.8",
            at_most=1,
        ),
        Figure("slowest write and check of what is kept", max(kept), "s", "2.2", at_most=2),
        Figure(f"disguised words found, of {lines}", found, before="225", at_least=lines),
    ]


def _write(db: Database, pattern: str) -> tuple[bool, float]:
    """Whether the pattern is kept, and how long that and a check of a long script take."""
    user, started = make_user(db), time.perf_counter()
    try:
        with db.as_user(user) as owner:
            owner.execute(_INSERT, Jsonb(rule("regex", pattern=pattern)))
    except psycopg.Error:
        return False, time.perf_counter() - started
    with db.as_user(user) as owner:
        owner.value(_CHECK, "ab1 " * 2_500)
    return True, time.perf_counter() - started
