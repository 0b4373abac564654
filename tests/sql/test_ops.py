"""Every file of sql/ops runs as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database import Database, Row, make_user
from tests.jobs import claim, enqueue, fail, make_kind, state

OPS = sorted((Path(__file__).parents[2] / "sql" / "ops").glob("*.sql"))


@pytest.mark.parametrize("path", OPS, ids=lambda path: path.stem)
def test_an_operators_question_has_an_answer(db: Database, path: Path):
    with db.as_superuser() as superuser:
        superuser.execute("create extension if not exists pg_stat_statements schema extensions")
    assert isinstance(db.rows(path.read_text()), list)


def question(name: str) -> str:
    return next(path for path in OPS if path.stem == name).read_text()


def test_redriving_after_an_outage_brings_the_failed_jobs_back(db: Database):
    make_kind(db)
    job_id = enqueue(db)
    [job] = claim(db)
    fail(db, job)
    assert db.rows(question("redrive_failed")) == [{"job_id": job_id, "is_back": True}]
    assert (state(db, job_id)["status"], len(claim(db))) == ("queued", 1)


def fail_many(db: Database, count: int, key: str | None = None) -> None:
    """Each of another user."""
    for _ in range(count):
        enqueue(db, user_id=make_user(db), key=key)
    for job in claim(db, quantity=count):
        fail(db, job)


def redriven_in_rounds(db: Database, limit: int) -> list[list[bool]]:
    """What each run says, until one says nothing."""
    rounds = []
    while len(rounds) < limit:
        rows = db.rows(question("redrive_failed"))
        if not rows:
            break
        rounds.append([row["is_back"] for row in rows])
    return rounds


def test_redriving_until_no_row_ends_though_users_have_started_again(db: Database):
    make_kind(db)
    fail_many(db, 110, key="again")
    fail_many(db, 3)
    for row in db.rows("select tenant from private.dead_letters where key = 'again'"):
        enqueue(db, user_id=row["tenant"], key="again")
    assert redriven_in_rounds(db, 4) == [[True] * 3]


def test_redriving_until_no_row_ends_though_the_outage_goes_on(db: Database):
    make_kind(db)
    fail_many(db, 2)
    assert redriven_in_rounds(db, 1) == [[True, True]]
    for job in claim(db, quantity=2):
        fail(db, job)
    assert db.rows(question("redrive_failed")) == []
    assert db.value("select count(*) from private.dead_letters where is_redriven") == 2


def test_hanging_jobs_are_looked_for_in_every_queue(db: Database):
    jobs = db.rows(
        "select private.enqueue(k.kind, null) as id from (select distinct on (queue) kind"
        " from private.job_kinds order by queue, kind) as k"
    )
    db.execute("update public.jobs set created_at = now() - interval '1 hour'")
    assert len(jobs) == db.value("select count(*) from private.queues")
    assert {row["id"] for row in db.rows(question("stuck_jobs"))} == {job["id"] for job in jobs}


def test_a_job_that_waits_long_after_being_due_hangs_and_a_new_one_does_not(db: Database):
    make_kind(db)
    old, _new = enqueue(db), enqueue(db)
    db.execute("update public.jobs set created_at = now() - interval '1 hour' where id = %s", old)
    assert [row["id"] for row in db.rows(question("stuck_jobs"))] == [old]


@pytest.mark.parametrize("name", ["stuck_jobs", "failures", "redrive_failed"])
def test_an_answer_costs_the_same_among_many_ended_jobs(db: Database, name: str):
    make_kind(db)
    fail_many(db, 2)
    enqueue(db)
    db.execute(
        "insert into public.jobs (kind, status, created_at, started_at, finished_at, error_code)"
        " select 'noop', 'failed', t.at, t.at, t.at, 'down' from generate_series(1, 50000) as n,"
        " lateral (select now() - n * interval '1 minute' - interval '2 days' as at) as t"
    )
    db.execute("analyze")
    [plan] = db.value(f"explain (format json) {question(name)}")
    assert "jobs" in relations(plan["Plan"]) or name == "redrive_failed"
    assert [scan for scan in relations(plan["Plan"], "Seq Scan") if scan == "jobs"] == []


def relations(plan: Row, how: str = "") -> list[str]:
    """The tables that a plan looks at, in that way."""
    here = [plan["Relation Name"]] if "Relation Name" in plan and how in plan["Node Type"] else []
    return here + [name for part in plan.get("Plans", []) for name in relations(part, how)]
