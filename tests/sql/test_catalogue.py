"""The schema keeps its rules, and each rule would notice an offender (see catalogue.py)."""

from __future__ import annotations

from tests.database import Database, Session
from tests.sql.catalogue import OURS, RULES, Rule


def offenders(session: Session, rule: Rule) -> list[str]:
    return sorted({str(next(iter(row.values()))) for row in session.rows(OURS + rule.offenders)})


def test_the_schema_keeps_every_rule(db: Database):
    broken = {rule.sentence: offenders(db, rule) for rule in RULES}
    assert {sentence: names for sentence, names in broken.items() if names} == {}


def test_every_rule_notices_an_offender(db: Database):
    unnoticed = []
    for rule in RULES:
        before = offenders(db, rule)
        with db.connection.transaction(force_rollback=True):
            db.execute(rule.offence)
            if not set(offenders(db, rule)) > set(before):
                unnoticed.append(rule.sentence)
    assert unnoticed == []
