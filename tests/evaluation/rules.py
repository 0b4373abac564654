"""Brand rules, judged where they live: in a database, on lines written by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from tests.evaluation.thresholds import Finding

LINES = Path(__file__).with_name("compliance_lines.toml")
THRESHOLDS = ("rules_recall", "rules_precision")
_STATUS = "select status from private.check_rule(%s, private.normalize_script(%s))"


def judge(url: str | None) -> list[Finding]:
    """`url`: of a migrated database, as the owner of its tables; None skips."""
    if url is None:
        return [
            Finding(threshold, None, skipped="no database was named") for threshold in THRESHOLDS
        ]
    broken, found, right = 0, 0, 0
    rules = tomllib.loads(LINES.read_text("utf-8"))["rule"]
    with psycopg.connect(url) as database:
        for rule in rules:
            for expected in ("pass", "fail"):
                for line in rule[expected]:
                    answer = database.execute(_STATUS, (Jsonb(rule["definition"]), line)).fetchone()
                    is_found = answer is not None and answer[0] == "fail"
                    broken += expected == "fail"
                    found += is_found
                    right += is_found and expected == "fail"
    beside = f"{len(rules)} rules of severity error"
    return [
        Finding("rules_recall", right / broken, broken, beside),
        Finding("rules_precision", right / found, found, beside),
    ]
