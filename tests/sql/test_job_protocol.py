"""The job protocol, as a worker speaks it: leases, fencing, outcomes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import psycopg
import pytest

from tests import jobs
from tests.database import Database, make_product, make_user
from tests.jobs import (
    QUEUE,
    claim,
    complete,
    enqueue,
    expect_notifications,
    expire,
    leftovers,
    make_due,
    make_kind,
    state,
    token,
)
from tests.patience import PATIENCE_SECONDS

NOTHING = {"messages": 0, "live": 0}


@pytest.fixture
def db(db_everywhere: Database) -> Database:
    return db_everywhere


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def test_a_claim_hands_out_the_job_with_its_token(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id, arguments={"n": 1})
    [job] = claim(db)
    assert job == {
        "job_id": job_id,
        "msg_id": job["msg_id"],
        "read_ct": 1,
        "kind": "noop",
        "user_id": user_id,
        "product_id": None,
        "arguments": {"n": 1},
        "attempt": 1,
        "steps": None,
    }
    assert state(db, job_id)["status"] == "running"


def test_a_claimed_job_is_not_handed_out_again_while_its_lease_lasts(db: Database):
    enqueue(db)
    assert [len(claim(db)), len(claim(db))] == [1, 0]


def test_a_delayed_job_is_not_due(db: Database):
    enqueue(db, delay_seconds=60)
    assert claim(db) == []


def test_a_completed_job_leaves_only_its_row(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    assert complete(db, job) == [job["msg_id"]]
    assert state(db, job_id) == {
        "status": "succeeded",
        "stage": "done",
        "progress": 100,
        "attempt": 1,
        "error_code": None,
        "error_message": None,
    }
    assert leftovers(db) == NOTHING


def test_a_job_is_completed_once(db: Database):
    enqueue(db)
    [job] = claim(db)
    assert [complete(db, job), complete(db, job)] == [[job["msg_id"]], []]


STATEMENTS = {
    "complete": "select private.complete(%s, %s) is not null",
    "retry": "select private.retry(%s, %s, 'busy', 'Busy.') is not null",
    "fail": "select private.complete(%s, %s, 'failed', 'broken', 'Broken.') is not null",
    "cancel": "select private.complete(%s, %s, 'cancelled') is not null",
    "snooze": "select private.snooze(%s, %s, 60, 'waiting') is not null",
    "release": "select private.snooze(%s, %s, 0, 'queued', 'queued') is not null",
    "extend": "select count(*) > 0 from private.extend(array[%s::bigint], array[%s], 30)",
    "progress": "select private.progress(%s, %s, 'fetching', 10) is not null",
    "save_step": "select private.save_step(%s, %s, 'run', '1') is not null",
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_worker_that_lost_its_lease_changes_nothing(db: Database, statement: str):
    job_id = enqueue(db)
    [zombie] = claim(db)
    expire(db, zombie)
    [holder] = claim(db)
    before = state(db, job_id)
    with db.as_worker() as worker:
        assert worker.value(statement, *token(zombie)) is False
    assert state(db, job_id) == before
    assert complete(db, holder) == [holder["msg_id"]]


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_the_holder_of_the_lease_is_obeyed(db: Database, statement: str):
    enqueue(db)
    [job] = claim(db)
    with db.as_worker() as worker:
        assert worker.value(statement, *token(job)) is True


def test_a_vanished_worker_counts_as_a_crash_not_as_a_failure(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    expire(db, job)
    [again] = claim(db)
    assert (again["read_ct"], again["attempt"]) == (2, 2)
    assert db.row("select failures, crashes from public.jobs where id = %s", job_id) == {
        "failures": 0,
        "crashes": 1,
    }


def test_a_job_that_keeps_killing_its_worker_is_given_up_by_the_claim(db: Database):
    job_id = enqueue(db)
    for _ in range(3):
        [job] = claim(db)
        expire(db, job)
    assert claim(db) == []
    assert state(db, job_id) == {
        "status": "failed",
        "stage": "failed",
        "progress": 0,
        "attempt": 4,
        "error_code": "crashed",
        "error_message": "This kept stopping unexpectedly, so we gave up on it. We have been told.",
    }
    assert leftovers(db) == NOTHING


def test_a_retry_waits_and_counts_a_failure(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.retry(%s, %s, 'busy', 'Busy.', 60)", *token(job))
    assert claim(db) == []
    make_due(db)
    [again] = claim(db)
    assert again["attempt"] == 2
    assert db.value("select crashes from public.jobs where id = %s", job_id) == 0


def test_a_retry_is_never_earlier_than_the_other_side_asked(db: Database):
    enqueue(db)
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.retry(%s, %s, 'busy', 'Busy.', 600)", *token(job))
    assert db.value("select vt > now() + interval '599 s' from pgmq.q_jobs") is True


@pytest.mark.parametrize(
    ("failures", "low", "high"), [(0, 3.75, 6.25), (2, 15, 25), (30, 2700, 4500)]
)
def test_backoff_doubles_with_jitter_up_to_an_hour(db: Database, failures, low, high):
    make_kind(db, "slow", backoff_seconds=5.0, max_failures=99)
    job_id = enqueue(db, "slow")
    db.execute("update public.jobs set failures = %s where id = %s", failures, job_id)
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.retry(%s, %s, 'busy', 'Busy.')", *token(job))
    wait = db.value("select extract(epoch from vt - clock_timestamp()) from pgmq.q_jobs")
    assert low - 1 <= wait <= high


def test_the_last_failure_allowed_is_final(db: Database):
    make_kind(db, "once", max_failures=1)
    job_id = enqueue(db, "once")
    [job] = claim(db)
    with db.as_worker() as worker:
        outcome = worker.value(
            "select private.retry(%s, %s, 'busy', 'The shop is busy.')", *token(job)
        )
    assert outcome == "failed"
    assert state(db, job_id) == {
        "status": "failed",
        "stage": "failed",
        "progress": 0,
        "attempt": 2,
        "error_code": "busy",
        "error_message": "The shop is busy.",
    }
    assert leftovers(db) == NOTHING


def test_a_released_job_is_due_at_once_and_burns_no_attempt(db: Database):
    enqueue(db)
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.snooze(%s, %s, 0, 'queued', 'queued')", *token(job))
    [again] = claim(db)
    assert again["attempt"] == 1


def test_a_snoozed_job_sleeps_until_woken_and_burns_no_attempt(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.snooze(%s, %s, 3600, 'collecting')", *token(job))
    assert (claim(db), state(db, job_id)["status"]) == ([], "waiting")
    assert db.value("select private.wake(%s)", job_id) is True
    [again] = claim(db)
    assert again["attempt"] == 1


def test_waking_a_job_that_does_not_snooze_does_nothing(db: Database):
    job_id = enqueue(db, delay_seconds=60)
    assert db.value("select private.wake(%s)", job_id) is False
    assert claim(db) == []


def test_a_saved_step_survives_the_try_that_made_it(db: Database):
    enqueue(db)
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.save_step(%s, %s, 'run', '{\"id\": 7}')", *token(job))
    expire(db, job)
    [again] = claim(db)
    assert again["steps"] == {"run": {"id": 7}}


def test_arguments_and_steps_have_a_bound(db: Database):
    with pytest.raises(psycopg.errors.CheckViolation, match="live_jobs_arguments_check"):
        enqueue(db, arguments={"text": "x" * 65536})
    enqueue(db, arguments={"text": "x" * 65000})
    [job] = claim(db)
    save = "select private.save_step(%s, %s, 'run', to_jsonb(repeat('x', %s)))"
    with db.as_worker() as worker:
        worker.value(save, *token(job), 262_000)
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="live_jobs_steps_check"),
        db.as_worker() as worker,
    ):
        worker.value(save, *token(job), 262_144)


def test_two_live_jobs_of_a_user_never_share_kind_and_key(db: Database):
    user_id = make_user(db)
    first = enqueue(db, user_id=user_id, key="k")
    assert enqueue(db, user_id=user_id, key="k") == first
    assert enqueue(db, user_id=make_user(db), key="k") != first


def test_a_key_is_free_again_when_its_job_has_ended(db: Database):
    first = enqueue(db, key="k")
    [job] = claim(db)
    complete(db, job)
    assert enqueue(db, key="k") != first


def test_two_enqueuers_at_once_get_the_same_job(db: Database):
    with db.connect("postgres") as one, db.connect("postgres") as two:
        statement = "select private.enqueue('noop', null, null, 'k') as id"
        with one.transaction():
            first = one.execute(statement).fetchone()
            waiting = jobs.in_background(lambda: two.execute(statement).fetchone())
            jobs.wait_until_blocked(db, two)
        assert waiting.result(timeout=PATIENCE_SECONDS) == first
    assert leftovers(db) == {"messages": 1, "live": 1}


def test_an_enqueue_that_rolls_back_leaves_nothing(db: Database):
    with db.connect("postgres") as connection, connection.transaction(force_rollback=True):
        connection.execute("select private.enqueue('noop', null)")
    assert (leftovers(db), claim(db)) == (NOTHING, [])


def test_cancelling_a_queued_job_ends_it_at_once(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    with db.as_user(user_id) as user:
        assert user.row("select id, status from public.cancel_job(%s)", job_id) == {
            "id": job_id,
            "status": "cancelled",
        }
    assert leftovers(db) == NOTHING


def test_cancelling_a_running_job_tells_its_worker(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    [job] = claim(db)
    with db.connect("worker") as listener:
        listener.execute("listen job_cancelled")
        with db.as_user(user_id) as user:
            user.execute("select public.cancel_job(%s)", job_id)
        [note] = listener.notifies(timeout=PATIENCE_SECONDS, stop_after=1)
    with db.as_worker() as worker:
        extended = worker.row(
            "select * from private.extend(array[%s::bigint], array[%s], 30)", *token(job)
        )
    assert (note.payload, extended["is_cancelled"]) == (str(job_id), True)


def test_a_cancelled_job_whose_worker_vanished_is_not_handed_out_again(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    [job] = claim(db)
    with db.as_user(user_id) as user:
        user.execute("select public.cancel_job(%s)", job_id)
    expire(db, job)
    assert (claim(db), state(db, job_id)["status"]) == ([], "cancelled")


def test_a_claim_clears_away_the_message_of_a_deleted_product(db: Database):
    user_id = make_user(db)
    product = make_product(db, user_id)
    with db.as_user(user_id) as user:
        user.execute("delete from public.products where id = %s", product["id"])
    with db.as_worker() as worker:
        assert worker.rows("select * from private.claim('ingestion', 10, 30)") == []
    assert db.value("select count(*) from pgmq.q_jobs") == 0


def notified(db: Database, work: Callable[[], object]) -> list[str]:
    """The queues whose workers `work` tells of new jobs."""
    with db.connect("worker") as listener:
        listener.execute("listen jobs")
        work()
        db.execute("select pg_notify('jobs', 'end')")
        names = []
        for note in listener.notifies(timeout=PATIENCE_SECONDS):
            if note.payload == "end":
                return names
            names.append(note.payload)
    raise AssertionError("The last notification never came")


def test_an_enqueue_wakes_a_worker_that_waits(db: Database):
    expect_notifications(db)
    assert notified(db, lambda: enqueue(db)) == [QUEUE]


def test_without_a_worker_that_waits_nothing_is_notified_for_commits_would_queue(db: Database):
    db.execute("select private.register_waiting_worker('billing', gen_random_uuid(), '{}')")
    assert notified(db, lambda: enqueue(db)) == []


def test_a_worker_that_waits_for_new_tenants_is_told_of_them_only(db: Database):
    busy, other = make_user(db), make_user(db)
    with db.as_worker() as worker:
        worker.rows(
            "select * from private.claim(%s, 1, 30, null, %s, gen_random_uuid())",
            QUEUE,
            [str(busy)],
        )
    assert notified(db, lambda: enqueue(db, user_id=busy)) == []
    assert notified(db, lambda: enqueue(db, user_id=other)) == [QUEUE]


def test_a_worker_that_is_busy_looking_is_not_told(db: Database):
    name = uuid.uuid4()
    look = "select * from private.claim(%s, 2, 30, worker => %s)"
    with db.connect("worker") as worker:
        assert worker.execute(look, (QUEUE, name)).fetchall() == []
        assert notified(db, lambda: enqueue(db)) == [QUEUE]
        assert len(worker.execute(look, (QUEUE, name)).fetchall()) == 1
        assert notified(db, lambda: enqueue(db)) == []


def test_a_worker_that_waits_goes_on_waiting_without_a_write_each_time(db: Database):
    name, seen = uuid.uuid4(), []
    with db.connect("worker") as worker:
        for _ in range(2):
            worker.execute("select private.claim(%s, 1, 30, worker => %s)", (QUEUE, name))
            seen.append(db.row("select xmin::text, ends_at from private.waiting_workers"))
    assert seen[0] == seen[1]


def test_dead_workers_are_forgotten(db: Database):
    expect_notifications(db)
    db.execute("update private.waiting_workers set ends_at = now() - interval '1 minute'")
    assert notified(db, lambda: enqueue(db)) == []
    db.execute("update private.waiting_workers set ends_at = now() - interval '1 hour'")
    expect_notifications(db)
    assert db.value("select count(*) from private.waiting_workers") == 1


def test_unknown_kinds_are_refused(db: Database):
    with pytest.raises(Exception, match="query returned no rows"):
        enqueue(db, kind=f"no-such-{uuid.uuid4()}")
