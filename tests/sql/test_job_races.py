"""The job protocol when two things happen at once, or an answer gets lost on its way."""

from __future__ import annotations

import pytest

from tests.database import Database, make_user
from tests.jobs import (
    claim,
    complete,
    enqueue,
    fail,
    in_background,
    leftovers,
    make_kind,
    state,
    token,
    wait_until_blocked,
)
from tests.patience import PATIENCE_SECONDS

NOTHING = {"messages": 0, "live": 0}
GIVING_BACK = {
    "retry": "select private.retry(%s, %s, 'busy', 'Busy.', 3600)",
    "snooze": "select private.snooze(%s, %s, 3600, 'collecting')",
    "release": "select private.snooze(%s, %s, 0, 'queued', 'queued')",
}


@pytest.fixture
def db(db_everywhere: Database) -> Database:
    return db_everywhere


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


@pytest.mark.parametrize("statement", GIVING_BACK.values(), ids=GIVING_BACK)
def test_a_heartbeat_that_comes_late_leaves_the_job_as_it_was_given_back(
    db: Database, statement: str
):
    enqueue(db)
    [job] = claim(db)
    due_at = "select vt from pgmq.q_jobs"
    with db.as_worker() as worker:
        worker.value(statement, *token(job))
    before = db.value(due_at)
    with db.as_worker() as worker:
        extend = "select * from private.extend(array[%s::bigint], array[%s], 30)"
        assert worker.rows(extend, *token(job)) == []
    assert db.value(due_at) == before


def test_a_retry_said_twice_because_the_answer_got_lost_counts_once(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    statement = "select private.retry(%s, %s, 'busy', 'Busy.')"
    with db.as_worker() as worker:
        answers = [worker.value(statement, *token(job)) for _ in range(2)]
    assert answers == ["queued", None]
    assert db.value("select failures from public.jobs where id = %s", job_id) == 1


def test_a_wake_that_comes_before_the_job_snoozes_is_not_lost(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    db.value("select private.wake(%s)", job_id)
    with db.as_worker() as worker:
        worker.value(GIVING_BACK["snooze"], *token(job))
    [again] = claim(db)
    with db.as_worker() as worker:
        worker.value(GIVING_BACK["snooze"], *token(again))
    assert claim(db) == []  # one wake, one run


@pytest.mark.parametrize("outcome", ["retry", "snooze"])
def test_a_job_cancelled_while_it_ran_ends_when_its_run_does(db: Database, outcome: str):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    [job] = claim(db)
    with db.as_user(user_id) as user:
        user.execute("select public.cancel_job(%s)", job_id)
    with db.as_worker() as worker:
        worker.value(GIVING_BACK[outcome], *token(job))
    assert (state(db, job_id)["status"], leftovers(db)) == ("cancelled", NOTHING)


def test_work_that_finished_before_the_cancel_reached_it_counts(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    [job] = claim(db)
    with db.as_user(user_id) as user:
        user.execute("select public.cancel_job(%s)", job_id)
    assert complete(db, job) == [job["msg_id"]]
    assert (state(db, job_id)["status"], leftovers(db)) == ("succeeded", NOTHING)


def test_a_failed_job_whose_user_has_started_it_again_is_not_redriven(db: Database):
    failed_id = enqueue(db, key="k")
    [job] = claim(db)
    fail(db, job)
    successor_id = enqueue(db, key="k")
    assert db.value("select private.redrive(%s)", failed_id) is False
    [again] = claim(db)
    assert (again["job_id"], complete(db, again)) == (successor_id, [again["msg_id"]])
    assert db.value("select private.redrive(%s)", failed_id) is True


def test_a_failed_job_stays_with_its_letter_when_the_same_work_starts_beside_its_redrive(
    db: Database,
):
    failed_id = enqueue(db, key="k")
    fail(db, claim(db)[0])
    with db.connect("postgres") as user, db.connect("postgres") as operator:
        user.execute("begin; select private.enqueue('noop', null, null, 'k')")
        redriving = in_background(
            lambda: operator.execute("select private.redrive(%s) as is_back", (failed_id,))
        )
        wait_until_blocked(db, operator)
        user.execute("commit")
        assert redriving.result(PATIENCE_SECONDS).fetchall() == [{"is_back": False}]
    assert state(db, failed_id)["status"] == "failed"
    assert db.value("select job_id from private.dead_letters") == failed_id
    assert leftovers(db) == {"messages": 1, "live": 1}


def test_a_job_whose_worker_vanished_does_not_wait_behind_the_backlog(db: Database):
    user_id = make_user(db)
    job_ids = [enqueue(db, user_id=user_id) for _ in range(3)]
    [job] = claim(db)
    db.execute("update pgmq.q_jobs set vt = now() where msg_id = %s", job["msg_id"])
    assert [job["job_id"] for job in claim(db)] == job_ids[:1]
