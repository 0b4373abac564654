"""Semaphores that workers share, schedules, redrive, metrics, pruning."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.database import Database, Row, make_product, make_user
from tests.jobs import (
    claim,
    complete,
    end_all,
    enqueue,
    expect_notifications,
    expire,
    fail,
    in_background,
    leftovers,
    make_kind,
    state,
    token,
    wait_until_blocked,
)
from tests.rows import make_pack, make_result
from tests.server import SCHEMAS


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def make_semaphore(db: Database, **limits: int) -> None:
    columns = ", ".join(limits)
    values = ", ".join(str(value) for value in limits.values())
    db.execute(f"insert into private.semaphores (name, {columns}) values ('shop', {values})")


def acquire(db: Database, job: Row) -> float | None:
    with db.as_worker() as worker:
        return worker.value("select private.acquire(%s, %s, 'shop')", *token(job))


def claimed(db: Database, count: int, user_id: object = None) -> list[Row]:
    for _ in range(count):
        enqueue(db, user_id=user_id)
    return claim(db, quantity=count)


def test_a_limit_on_running_jobs_holds_for_all_workers(db: Database):
    make_semaphore(db, max_running=2)
    assert [acquire(db, job) for job in claimed(db, 3)] == [0, 0, 5]


def test_workers_that_ask_at_once_never_overshoot(db: Database):
    make_semaphore(db, max_running=3)
    jobs = claimed(db, 12)
    with ThreadPoolExecutor(12) as threads:
        waits = list(threads.map(lambda job: acquire(db, job), jobs))
    assert sorted(waits) == [0] * 3 + [5] * 9


def test_one_user_cannot_hold_a_semaphore_alone(db: Database):
    make_semaphore(db, max_running=10, max_running_per_user=1)
    mine, others = claimed(db, 2, make_user(db)), claimed(db, 1, make_user(db))
    assert [acquire(db, job) for job in mine + others] == [0, 5, 0]


def test_a_job_that_asks_again_runs_once_and_starts_twice(db: Database):
    make_semaphore(db, max_running=2, max_running_per_user=1, starts_per_minute=4)
    [mine], [others] = claimed(db, 1, make_user(db)), claimed(db, 1, make_user(db))
    assert [acquire(db, job) for job in (mine, mine, mine, others)] == [0, 0, 0, 0]
    assert acquire(db, mine) > 50  # the fifth start of this minute


def test_a_semaphore_is_released_when_its_job_ends(db: Database):
    make_semaphore(db, max_running=1)
    first, second = claimed(db, 2)
    waits = [acquire(db, first), acquire(db, second)]
    complete(db, first)
    assert [*waits, acquire(db, second)] == [0, 5, 0]


def test_a_dead_worker_holds_no_semaphore_when_its_lease_is_over(db: Database):
    make_semaphore(db, max_running=1)
    first, second = claimed(db, 2)
    acquire(db, first)
    expire(db, first)
    assert acquire(db, second) == 0


def test_a_rate_limit_counts_starts_of_the_last_minute(db: Database):
    make_semaphore(db, starts_per_minute=2)
    jobs = claimed(db, 3)
    waits = [acquire(db, job) for job in jobs]
    assert waits[:2] == [0, 0]
    assert 55 < waits[2] <= 60
    db.execute("update private.semaphore_holders set started_at = started_at - interval '1 minute'")
    assert acquire(db, jobs[2]) == 0


def test_a_lost_lease_acquires_nothing(db: Database):
    make_semaphore(db, max_running=1)
    [zombie] = claimed(db, 1)
    expire(db, zombie)
    claim(db)
    assert acquire(db, zombie) is None


def make_schedule(db: Database) -> None:
    """Due four and a half hours ago, every hour."""
    db.execute(
        "insert into private.schedules (name, kind, every, next_at)"
        " values ('hourly', 'noop', '1 hour', now() - interval '4 hours 30 minutes')"
    )


def fire(db: Database) -> int:
    with db.as_worker() as worker:
        return worker.value("select private.fire_schedules()")


def noops(db: Database) -> int:
    return db.value("select count(*) from public.jobs where kind = 'noop'")


def quiet(db: Database) -> None:
    """Leaves only the schedules that the test makes."""
    db.execute("delete from private.schedules where name <> 'hourly'")


def test_after_a_pause_a_schedule_fires_once_for_all_times_missed(db: Database):
    make_schedule(db)
    quiet(db)
    assert ([fire(db), fire(db)], noops(db)) == ([1, 0], 1)
    assert db.value("select next_at > now() from private.schedules") is True


def test_a_scheduled_run_that_still_lasts_is_not_doubled(db: Database):
    make_schedule(db)
    quiet(db)
    fire(db)
    db.execute("update private.schedules set next_at = now() - interval '1 second'")
    fire(db)
    assert noops(db) == 1


def test_workers_that_look_at_once_fire_a_schedule_once(db: Database):
    make_schedule(db)
    quiet(db)
    with ThreadPoolExecutor(8) as threads:
        fired = list(threads.map(lambda _: fire(db), range(8)))
    assert (sum(fired), noops(db)) == (1, 1)


@pytest.mark.parametrize(
    "every", ["1 month", "1 year", "1 day 1 month", "0.5 seconds", "5000 days"]
)
def test_a_schedule_without_a_fixed_length_is_refused(db: Database, every: str):
    with pytest.raises(psycopg.errors.CheckViolation, match="schedules_every_check"):
        db.execute(
            "insert into private.schedules (name, kind, every) values ('odd', 'noop', %s)", every
        )


def test_a_schedule_that_cannot_fire_stops_only_itself_and_says_why(db: Database):
    make_schedule(db)
    quiet(db)
    db.execute("alter table private.schedules drop constraint schedules_every_check")
    db.execute(
        "insert into private.schedules (name, kind, every, next_at)"
        " values ('monthly', 'noop', '1 month', now() - interval '1 day')"
    )
    assert ([fire(db), fire(db)], noops(db)) == ([1, 0], 1)
    problems = db.rows("select name, problem is null as is_well from private.schedules order by 1")
    assert problems == [{"name": "hourly", "is_well": True}, {"name": "monthly", "is_well": False}]


def test_pruning_reads_what_it_prunes(db: Database):
    """Pruned and filled again, a block range index would make each look read what is left."""
    db.execute(
        "insert into public.jobs (kind, status, created_at, finished_at)"
        " select 'noop', 'succeeded', now() - n * interval '1 minute', now()"
        " from generate_series(1, 50000) as n"
    )
    db.execute("analyze public.jobs")
    [plan] = db.value(
        "explain (format json) select id from public.jobs where created_at < now() - interval '34"
        " days' and finished_at is not null order by created_at limit 1000"
    )
    assert plan["Plan"]["Plans"][0]["Index Name"] == "jobs_created_at_idx"


def test_a_redriven_job_runs_again_with_its_steps_and_new_tries(db: Database):
    job_id = enqueue(db, arguments={"n": 1})
    [job] = claim(db)
    with db.as_worker() as worker:
        worker.value("select private.save_step(%s, %s, 'paid', '1')", *token(job))
    fail(db, job)
    assert db.value("select private.redrive(%s)", job_id) is True
    [again] = claim(db)
    assert (again["job_id"], again["arguments"], again["attempt"]) == (job_id, {"n": 1}, 1)
    assert again["steps"] == {"paid": 1}


def test_what_did_not_fail_cannot_be_redriven(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    complete(db, job)
    assert db.value("select private.redrive(%s)", job_id) is False
    assert leftovers(db)["messages"] == 0


def test_metrics_tell_due_from_sleeping(db: Database):
    enqueue(db)
    enqueue(db, delay_seconds=600)
    row = db.row("select * from private.queue_metrics() where queue = 'maintenance'")
    assert (row["due"], row["is_paused"], row["dead_letters"]) == (1, False, 0)
    assert row["oldest_due_seconds"] >= 0


LEFT = ("products", "analysis_results", "virality_packs", "scripts")


def test_pruning_a_job_touches_nothing_that_it_left(db: Database):
    """It once set references to null: that rewrote rows and waited for their users."""
    product = make_product(db, make_user(db))
    owned = {"product_id": product["id"], "job_id": db.value("select id from public.jobs")}
    make_result(db, product["user_id"], **owned)
    make_pack(db, product["user_id"], **owned)
    db.execute(
        "insert into public.scripts (user_id, product_id, job_id, content)"
        " values (%s, %s, %s, 'Look.')",
        *(product["user_id"], *owned.values()),
    )
    end_all(db, product["user_id"], "succeeded")
    db.execute("update public.jobs set created_at = now() - interval '31 days'")
    before = [db.row(f"select * from public.{table}") for table in LEFT]
    with db.connect("postgres") as user, db.as_worker() as worker:
        user.execute("begin")
        for table in LEFT:
            user.execute(f"select from public.{table} for update")
        worker.execute("set lock_timeout = '1ms'")
        assert worker.value("select private.prune_jobs()") == 1
    assert [db.row(f"select * from public.{table}") for table in LEFT] == before


def test_whoever_brings_a_job_back_takes_the_job_before_its_letter(db: Database):
    """As pruning does: the other way round, each held what the other wanted."""
    job_id = enqueue(db)
    fail(db, claim(db)[0])
    with db.connect("postgres") as holder, db.connect("postgres") as operator:
        holder.execute("begin; select from public.jobs for update")
        redriving = in_background(
            lambda: operator.execute("select private.redrive(%s) as is_back", (job_id,))
        )
        wait_until_blocked(db, operator)
        holder.execute("select from private.dead_letters for update nowait")
        holder.execute("commit")
        assert redriving.result(20).fetchall() == [{"is_back": True}]


def test_pruning_forgets_old_ended_jobs_only(db: Database):
    old, young, live = enqueue(db), enqueue(db), enqueue(db)
    complete(db, *claim(db, quantity=2))
    db.execute(
        "update public.jobs set created_at = now() - interval '31 days' where id in (%s, %s)",
        old,
        live,
    )
    with db.as_worker() as worker:
        assert worker.value("select private.prune_jobs()") == 1
    assert {row["id"] for row in db.rows("select id from public.jobs")} == {young, live}
    assert state(db, live)["status"] == "queued"


# Tables of the job layer, and what keeps each from growing for ever.
GROWTH = {
    "public.jobs": "pruned 30 days after they began",
    "private.dead_letters": "go with their jobs",
    "private.live_jobs": "go when the job ends",
    "private.semaphore_holders": "go with the next start after a minute",
    "private.waiting_workers": "go ten minutes after their worker",
}
CONFIGURATION = {
    "private.queues",
    "private.job_kinds",
    "private.semaphores",
    "private.schedules",
}


def rows_of(db: Database, *names: str) -> dict[str, int]:
    return {name: db.value(f"select count(*) from {name}") for name in names}


def test_nothing_of_the_job_layer_grows_for_ever(db: Database):
    make_semaphore(db, max_running=10, starts_per_minute=100)
    before = rows_of(db, *CONFIGURATION)
    user_id = make_user(db)
    for outcome in (complete, fail, None):
        job_id = enqueue(db, user_id=user_id)
        if outcome is None:
            with db.as_user(user_id) as user:
                user.rows("select public.cancel_job(%s)", job_id)
            continue
        [job] = claim(db)
        acquire(db, job)
        outcome(db, job)
    expect_notifications(db)
    db.execute("update public.jobs set created_at = now() - interval '31 days'")
    db.execute(
        "update private.semaphore_holders set started_at = started_at - interval '2 minutes'"
    )
    db.execute("update private.waiting_workers set ends_at = now() - interval '1 hour'")
    db.execute("select private.prune_jobs()")
    acquire(db, *claimed(db, 1))
    expect_notifications(db)
    live = {
        "public.jobs",
        "private.live_jobs",
        "private.semaphore_holders",
        "private.waiting_workers",
    }
    assert rows_of(db, *GROWTH) == {name: int(name in live) for name in GROWTH}
    assert rows_of(db, "pgmq.q_jobs", "pgmq.a_jobs") == {"pgmq.q_jobs": 1, "pgmq.a_jobs": 0}
    assert rows_of(db, *CONFIGURATION) == before


def test_every_table_of_the_job_layer_is_known_to_be_bounded(db: Database):
    """A new one needs a line above, and a way to shrink."""
    layer = "".join(path.read_text() for path in SCHEMAS.glob("2*.sql"))
    made = set(re.findall(r"^create table (\S+)", layer, re.MULTILINE))
    assert made == GROWTH.keys() | CONFIGURATION
