"""The worker's loop against a real database: every way a job can end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import Histogram
from psycopg.types.json import Jsonb
from structlog.testing import capture_logs

from core.database import async_pool
from tests.chaos.proxy import Proxy
from tests.database import Database, make_user
from tests.jobs import QUEUE, claim, enqueue, expire, leftovers, make_kind, state
from tests.patience import PATIENCE_SECONDS
from workers.engine import metrics
from workers.engine.errors import Reject, Retry
from workers.engine.handlers import Handler, JobContext
from workers.engine.heartbeat import listen
from workers.engine.queue import Job
from workers.engine.runner import Runner

LEASE_SECONDS = 3  # where a test is about it, and at the end: what runs gets a third to end
DONE = {
    "status": "succeeded",
    "stage": "done",
    "progress": 100,
    "attempt": 1,
    "error_code": None,
    "error_message": None,
}


def handler(
    work: Callable[[None, JobContext], Awaitable[None]], timeout_seconds: float = PATIENCE_SECONDS
) -> Handler[None, None]:
    async def load(_db: object, _job: Job) -> None:
        pass

    async def save(_db: object, _job: Job, _output: None) -> None:
        pass

    return Handler(load, work, save, timeout_seconds)


@asynccontextmanager
async def running(
    db: Database,
    noop: Handler,
    concurrency: int = 10,
    lease_seconds: int = PATIENCE_SECONDS,
    url: str | None = None,
) -> AsyncIterator[Runner]:
    async with async_pool(db.url("worker"), application_name="test", max_size=4) as pool:
        runner = Runner(
            pool,
            url or db.url("worker"),
            {"noop": noop},
            queues=[QUEUE],
            concurrency=concurrency,
            lease_seconds=lease_seconds,
        )
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner._lease_seconds = LEASE_SECONDS
            runner.stop()
            await task


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another process or task will do; a hung one fails."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db, max_failures=2)


async def test_a_job_is_done_and_acknowledged(db: Database):
    seen = []

    async def work(_input: None, context: JobContext) -> None:
        seen.append(context.job.arguments)

    job_id = enqueue(db, arguments={"n": 1})
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert (seen, state(db, job_id)) == ([{"n": 1}], DONE)
    assert leftovers(db) == {"messages": 0, "live": 0}


async def test_an_idle_worker_wakes_on_notify_not_on_the_next_poll(db: Database, monkeypatch):
    monkeypatch.setattr("workers.engine.runner._POLL_SECONDS", 600)
    started = asyncio.Event()

    async def work(_input: None, _context: JobContext) -> None:
        started.set()

    async with running(db, handler(work)):
        await until(lambda: db.value(LISTENERS) == 1)
        for _ in range(3):
            started.clear()
            enqueue(db)
            await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)


async def test_a_job_added_while_the_worker_began_to_wait_is_found_without_a_notification(
    db: Database, monkeypatch
):
    monkeypatch.setattr("workers.engine.runner._POLL_SECONDS", 600)
    started = asyncio.Event()

    async def work(_input: None, _context: JobContext) -> None:
        started.set()

    with db.connect("postgres") as slow:
        slow.execute("begin")
        slow.execute("select private.enqueue('noop', null)")
        async with running(db, handler(work)):
            await until(lambda: db.value(LISTENERS) == 1)
            await until(lambda: db.value("select count(*) from private.waiting_workers") > 0)
            slow.execute("commit")
            await asyncio.wait_for(started.wait(), PATIENCE_SECONDS)


LISTENERS = "select count(*) from pg_stat_activity where application_name = 'worker listener'"


async def test_progress_is_seen_while_the_job_runs(db: Database):
    go_on = asyncio.Event()

    async def work(_input: None, context: JobContext) -> None:
        await context.progress("fetching", 40)
        await go_on.wait()

    job_id = enqueue(db)
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["progress"] == 40)
        assert (state(db, job_id)["status"], state(db, job_id)["stage"]) == ("running", "fetching")
        go_on.set()


async def test_a_retry_is_tried_again_and_keeps_its_reason_meanwhile(db: Database):
    attempts = []

    async def work(_input: None, context: JobContext) -> None:
        attempts.append(context.job.attempt)
        if context.job.attempt == 1:
            raise Retry("shop_busy", "The shop is busy.")

    job_id = enqueue(db)
    with capture_logs() as logs:
        async with running(db, handler(work)):
            await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert (attempts, state(db, job_id)) == ([1, 2], DONE | {"attempt": 2})
    said = {"event": "job_ended", "log_level": "info"}
    assert [log for log in logs if log["event"] == "job_ended"] == [
        said | {"outcome": "retried", "error_code": "shop_busy"},
        said | {"outcome": "succeeded"},
    ]


async def test_a_rejected_job_fails_with_its_code_and_sentence(db: Database):
    async def work(_input: None, _context: JobContext) -> None:
        raise Reject("page_not_found", "There is no such page.")

    job_id = enqueue(db)
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["status"] == "failed")
    assert state(db, job_id) == {
        "status": "failed",
        "stage": "failed",
        "progress": 0,
        "attempt": 1,
        "error_code": "page_not_found",
        "error_message": "There is no such page.",
    }


async def test_a_bug_is_tried_again_then_given_up_without_its_text(db: Database):
    async def work(_input: None, _context: JobContext) -> None:
        raise ValueError("canary-of-scraped-text")

    job_id = enqueue(db)
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["status"] == "failed")
    assert state(db, job_id) == {
        "status": "failed",
        "stage": "failed",
        "progress": 0,
        "attempt": 3,
        "error_code": "internal_error",
        "error_message": "Something went wrong on our side. It is not your doing.",
    }


async def test_a_job_past_its_deadline_is_stopped(db: Database):
    async def work(_input: None, _context: JobContext) -> None:
        await asyncio.sleep(PATIENCE_SECONDS)

    job_id = enqueue(db)
    async with running(db, handler(work, timeout_seconds=0.05)):
        await until(lambda: state(db, job_id)["status"] == "failed")
    assert state(db, job_id)["error_code"] == "timed_out"


async def test_a_step_is_not_paid_for_twice(db: Database):
    paid = []

    async def pay() -> dict[str, str]:
        paid.append(1)
        return {"run_id": "r1"}

    async def work(_input: None, context: JobContext) -> None:
        assert await context.step("start", pay) == {"run_id": "r1"}
        if context.job.attempt == 1:
            raise Retry("shop_busy", "The shop is busy.")

    job_id = enqueue(db)
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert paid == [1]


DUE_AT = "select extract(epoch from vt)::float from pgmq.q_jobs"


async def test_a_lease_outlives_its_seconds_by_heartbeat_even_if_the_loop_is_busy(db: Database):
    lease_seconds = 2 * LEASE_SECONDS

    async def work(_input: None, _context: JobContext) -> None:
        first_due_at = db.value(DUE_AT)
        while db.value(DUE_AT) < first_due_at + lease_seconds / 2:  # more than one beat
            time.sleep(0.05)  # noqa: ASYNC251 - blocking the loop is the point

    job_id = enqueue(db)
    async with running(db, handler(work), lease_seconds=lease_seconds):
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert state(db, job_id) == DONE


async def test_a_lost_lease_stops_the_task_and_writes_nothing(db: Database):
    stopped = asyncio.Event()

    async def work(_input: None, _context: JobContext) -> None:
        try:
            await asyncio.sleep(PATIENCE_SECONDS)
        finally:
            stopped.set()

    job_id = enqueue(db)
    async with running(db, handler(work), concurrency=1) as runner:
        await until(lambda: state(db, job_id)["status"] == "running")
        message = db.row("select * from pgmq.q_jobs")
        holder = None
        while holder is None:  # a heartbeat may come in between
            expire(db, message)
            holder = next(iter(await asyncio.to_thread(claim, db)), None)
        runner._heartbeat.beat_every(PATIENCE_SECONDS)
        await asyncio.wait_for(stopped.wait(), PATIENCE_SECONDS)
    assert holder["read_ct"] == 2
    assert state(db, job_id)["status"] == "running"


def saving(save: Callable[[Any, Job, None], Awaitable[None]]) -> Handler[None, None]:
    async def work(_input: None, _context: JobContext) -> None:
        pass

    return Handler(None, work, save)


EFFECTS = "select array_agg(job_id order by attempt) from effects"


@pytest.fixture
def effects(db: Database) -> str:
    """A statement with which a job leaves a trace."""
    db.execute("create table effects (job_id uuid, attempt integer)")
    db.execute("grant insert on effects to worker")
    return "insert into effects values (%s, %s)"


async def test_results_of_a_job_that_lost_its_lease_are_rolled_back(db: Database, effects: str):
    begun = []

    async def save(connection: Any, job: Job, _output: None) -> None:
        begun.append(job.attempt)
        await connection.execute(effects, (job.job_id, job.attempt))
        if len(begun) == 1:  # somebody else has claimed and given back meanwhile
            await asyncio.to_thread(db.execute, "update pgmq.q_jobs set read_ct = 7, vt = now()")

    job_id = enqueue(db)
    async with running(db, saving(save)):
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert (begun, db.value(EFFECTS)) == ([1, 2], [job_id])


async def test_a_save_that_fails_leaves_nothing_and_a_connection_as_it_was(
    db: Database, effects: str
):
    seen = []

    async def load(connection: Any, job: Job) -> None:
        seen.append((job.attempt, connection.autocommit))

    async def work(_input: None, _context: JobContext) -> None:
        pass

    async def save(connection: Any, job: Job, _output: None) -> None:
        await connection.execute(effects, (job.job_id, job.attempt))
        if job.attempt == 1:
            raise Retry("shop_busy", "The shop is busy.")

    job_id = enqueue(db)
    async with running(db, Handler(load, work, save), concurrency=1):
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert (seen, db.value(EFFECTS)) == ([(1, True), (2, True)], [job_id])


def cancel(db: Database, user_id: UUID, job_id: UUID) -> None:
    with db.as_user(user_id) as user:
        user.execute("select public.cancel_job(%s)", job_id)


async def sleep_long(_input: None, _context: JobContext) -> None:
    await asyncio.sleep(PATIENCE_SECONDS)


async def test_cancelling_stops_a_running_job_without_waiting_for_a_heartbeat(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    async with running(db, handler(sleep_long)):
        await until(lambda: state(db, job_id)["status"] == "running")
        await until(lambda: db.value(LISTENERS) == 1)
        cancel(db, user_id, job_id)
        await until(lambda: state(db, job_id)["status"] == "cancelled")


async def test_a_cancellation_before_the_worker_listens_is_not_missed(db: Database, monkeypatch):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    is_cancelled = asyncio.Event()

    async def listen_late(*arguments: Any) -> None:
        await is_cancelled.wait()
        await listen(*arguments)

    monkeypatch.setattr("workers.engine.runner.listen", listen_late)
    async with running(db, handler(sleep_long)):
        await until(lambda: state(db, job_id)["status"] == "running")
        cancel(db, user_id, job_id)
        is_cancelled.set()
        await until(lambda: state(db, job_id)["status"] == "cancelled")


async def test_behind_a_pooler_deaf_to_listen_cancelling_still_takes_only_moments(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    pooler = Proxy(Path(db.host) / f".s.PGSQL.{db.port}", swallow=b"A")  # NotificationResponse
    url = f"postgresql://worker@127.0.0.1:{pooler.port}/{db.name}?sslmode=disable"
    async with running(db, handler(sleep_long), url=url):
        await until(lambda: state(db, job_id)["status"] == "running")
        cancel(db, user_id, job_id)
        await until(lambda: state(db, job_id)["status"] == "cancelled")
    pooler.close()


async def test_a_kind_that_only_newer_workers_know_is_left_to_them(db: Database):
    newer = make_kind(db, kind="newer")
    job_id = enqueue(db, kind=newer)
    with capture_logs() as logs:
        async with running(db, handler(sleep_long)):
            await until(lambda: state(db, job_id)["status"] == "waiting")
    assert state(db, job_id)["attempt"] == 1
    assert "kind_unknown" in [log["event"] for log in logs]


async def test_shutdown_hands_back_what_is_not_done_and_burns_no_attempt(db: Database):
    async def work(_input: None, _context: JobContext) -> None:
        await asyncio.sleep(PATIENCE_SECONDS)

    job_id = enqueue(db)
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["status"] == "running")
    assert (state(db, job_id)["status"], state(db, job_id)["attempt"]) == ("queued", 1)
    assert len(claim(db)) == 1


async def test_connections_that_the_server_drops_cost_no_job(db: Database):
    done = []

    async def work(_input: None, context: JobContext) -> None:
        await asyncio.sleep(0.2)
        done.append(context.job.job_id)

    # What was claimed for a connection that is gone comes back when its lease ends. On a busy
    # machine other leases end, too.
    db.execute("update private.job_kinds set max_crashes = 99 where kind = 'noop'")
    job_ids = {enqueue(db) for _ in range(20)}
    async with running(db, handler(work), concurrency=5, lease_seconds=LEASE_SECONDS):
        await until(lambda: len(done) >= 5)
        with db.as_superuser() as superuser:
            superuser.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'"
            )
        await until(lambda: leftovers(db)["messages"] == 0)
    assert set(done) == job_ids
    assert {state(db, job_id)["status"] for job_id in job_ids} == {"succeeded"}


async def test_an_outcome_that_is_being_recorded_at_shutdown_is_not_cut_off(db: Database):
    may_fail = asyncio.Event()

    async def work(_input: None, _context: JobContext) -> None:
        await may_fail.wait()
        raise Retry("shop_busy", "The shop is busy.", after_seconds=60)

    job_id = enqueue(db)
    async with running(db, handler(work)) as runner:
        await until(lambda: state(db, job_id)["status"] == "running")
        with db.connect("postgres") as other, other.transaction():
            other.execute("select from pgmq.q_jobs for update")
            may_fail.set()
            await until(lambda: db.value("select count(*) from pg_locks where not granted") > 0)
            runner._lease_seconds = LEASE_SECONDS
            runner.stop()
            await asyncio.sleep(LEASE_SECONDS / 3 + 0.5)  # the drain has lost its patience
    assert state(db, job_id) == DONE | {
        "status": "queued",
        "stage": "retrying",
        "progress": 0,
        "attempt": 2,
        "error_code": "shop_busy",
        "error_message": "The shop is busy.",
    }
    assert db.value("select crashes from public.jobs where id = %s", job_id) == 0


RUNNING = "select count(*) from public.jobs where status = 'running'"


async def test_the_jobs_of_one_user_leave_slots_to_the_next_users(db: Database):
    started, go_on = [], asyncio.Event()

    async def work(_input: None, context: JobContext) -> None:
        started.append(context.job.user_id)
        await go_on.wait()

    busy, other, third = make_user(db), make_user(db), make_user(db)
    for _ in range(20):
        enqueue(db, user_id=busy)
    async with running(db, handler(work), concurrency=5) as runner:  # two are kept
        await until(lambda: len(started) == 3)
        for _ in range(2):
            enqueue(db, user_id=other)
        await until(lambda: len(started) == 4)
        enqueue(db, user_id=third)  # the second job of the other user leaves the last slot to it
        await until(lambda: len(started) == 5)
        assert (started, runner.running) == ([*[busy] * 3, other, third], 5)
        go_on.set()
        await until(lambda: leftovers(db)["messages"] == 0)


async def test_what_was_claimed_ahead_goes_back_when_long_jobs_have_the_slots(db: Database):
    now, most = 0, 0

    async def work(_input: None, context: JobContext) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        try:
            await asyncio.sleep(PATIENCE_SECONDS if context.job.arguments["is_long"] else 0)
        finally:
            now -= 1

    for is_long in [False] * 300 + [True] * 100:
        enqueue(db, arguments={"is_long": is_long})
    no_results = Handler(load=None, work=work, save=None)
    async with running(db, no_results, concurrency=5):
        await until(lambda: leftovers(db)["messages"] == 100)
        await until(lambda: db.value(RUNNING) == 3)  # two slots are kept
        assert most <= 5
    assert db.rows(
        "select status, attempt, count(*) from public.jobs group by 1, 2 order by 1"
    ) == [
        {"status": "queued", "attempt": 1, "count": 100},
        {"status": "succeeded", "attempt": 1, "count": 300},
    ]


async def test_a_job_cancelled_while_it_waits_for_its_slot_never_begins(db: Database):
    begun = []

    async def work(_input: None, context: JobContext) -> None:
        begun.append(context.job.job_id)

    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    async with running(db, handler(work)) as runner:
        runner._buffer.take = lambda: None  # every slot is taken
        await until(lambda: runner._buffer.waiting == 1)
        cancel(db, user_id, job_id)
        await until(lambda: all(h.stopped_because == "cancelled" for h in runner._held.values()))
        del runner._buffer.take
        await until(lambda: state(db, job_id)["status"] == "cancelled")
    assert begun == []


async def test_the_wait_of_a_job_lasts_until_its_attempt_begins(db: Database):
    """The wait for a slot is a part of it."""
    measured = metrics.WAIT_SECONDS.labels("noop")
    counted = waits(measured)
    job_id = enqueue(db)
    async with running(db, handler(no_work)) as runner:
        runner._buffer.take = lambda: None  # every slot is taken
        await until(lambda: runner._buffer.waiting == 1)
        assert waits(measured) == counted
        del runner._buffer.take
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert waits(measured) == counted + 1


async def test_a_job_that_is_given_back_before_it_began_is_measured_once(db: Database):
    measured = metrics.WAIT_SECONDS.labels("noop")
    counted = waits(measured)
    job_id = enqueue(db)
    async with running(db, handler(no_work)) as runner:
        runner._buffer.take = lambda: None  # every slot is taken
        await until(lambda: any(held.job.read_ct > 1 for held in runner._held.values()))
        assert waits(measured) == counted + 1
        del runner._buffer.take
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    assert waits(measured) == counted + 1


def waits(histogram: Histogram) -> float:
    """How many jobs it has measured."""
    return next(
        sample.value
        for metric in histogram.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    )


async def no_work(_input: None, _context: JobContext) -> None:
    pass


async def test_a_job_stopped_before_its_first_step_frees_its_slot(db: Database):
    """Python throws a cancellation into a task that has not begun: nothing of it would run."""
    job_id = enqueue(db, user_id=make_user(db))
    async with running(db, handler(sleep_long)) as runner:
        begin = runner._begin

        def begin_and_cancel() -> None:
            begin()
            for token in list(runner._held):
                runner._halt(token, "cancelled")

        runner._begin = begin_and_cancel
        await until(lambda: state(db, job_id)["status"] == "cancelled")
        await until(lambda: not runner._held)
        assert runner.running == 0


async def lose_the_first_cancellation(_input: None, _context: JobContext) -> None:
    """As `asyncio.wait_for` of Python 3.11 does, where what it waits for comes in that moment."""
    try:
        await asyncio.sleep(PATIENCE_SECONDS)
    except asyncio.CancelledError:
        await asyncio.sleep(PATIENCE_SECONDS)


async def test_a_job_that_misses_its_cancellation_is_cancelled_again(db: Database):
    user_id = make_user(db)
    job_id = enqueue(db, user_id=user_id)
    async with running(db, handler(lose_the_first_cancellation)):
        await until(lambda: state(db, job_id)["status"] == "running")
        cancel(db, user_id, job_id)
        await until(lambda: state(db, job_id)["status"] == "cancelled")


async def test_a_job_that_misses_its_deadline_is_stopped_again(db: Database):
    job_id = enqueue(db)
    async with running(db, handler(lose_the_first_cancellation, timeout_seconds=0.05)):
        await until(lambda: state(db, job_id)["status"] == "failed")
    assert state(db, job_id)["error_code"] == "timed_out"


async def test_a_job_that_misses_the_shutdown_is_handed_back(db: Database):
    job_id = enqueue(db)
    async with running(db, handler(lose_the_first_cancellation)):
        await until(lambda: state(db, job_id)["status"] == "running")
    assert (state(db, job_id)["status"], state(db, job_id)["attempt"]) == ("queued", 1)


async def test_jobs_that_wait_for_a_connection_are_all_cancelled(db: Database):
    user_id = make_user(db)

    async def work(_input: None, context: JobContext) -> None:
        while True:
            async with context.pool.connection() as connection:
                await connection.execute("select 1")

    job_ids = [enqueue(db, user_id=user_id) for _ in range(40)]
    async with running(db, handler(work), concurrency=50):
        await until(lambda: db.value(RUNNING) == len(job_ids))
        for job_id in job_ids:
            cancel(db, user_id, job_id)
        await until(lambda: db.value(CANCELLED) == len(job_ids))


CANCELLED = "select count(*) from public.jobs where status = 'cancelled'"


async def test_an_outcome_that_the_database_refuses_costs_no_slot(db: Database):
    async def work(_input: None, context: JobContext) -> None:
        if context.job.arguments["fails"]:
            raise Retry("shop_busy", "The shop is busy.")

    db.execute("alter function private.retry rename to retry_of_another_version")
    with capture_logs() as logs:
        async with running(db, handler(work), concurrency=1):
            enqueue(db, arguments={"fails": True})
            await until(lambda: "outcome_not_recorded" in [log["event"] for log in logs])
            job_id = enqueue(db, arguments={"fails": False})
            await until(lambda: state(db, job_id)["status"] == "succeeded")


async def test_a_claim_that_the_database_refuses_is_asked_again(db: Database):
    async def work(_input: None, _context: JobContext) -> None:
        pass

    job_id = enqueue(db)
    db.execute("alter function private.claim rename to claim_of_another_version")
    with capture_logs() as logs:
        async with running(db, handler(work)):
            await until(lambda: "claim_failed" in [log["event"] for log in logs])
            db.execute("alter function private.claim_of_another_version rename to claim")
            await until(lambda: state(db, job_id)["status"] == "succeeded")


SAID = "a\0b\ud800c\U0001f600"


async def test_characters_that_no_column_holds_are_replaced_where_results_are_saved(db: Database):
    db.execute("create table said (word text, document jsonb)")
    db.execute("grant insert on said to worker")

    async def save(connection: Any, _job: Job, _output: None) -> None:
        document = Jsonb({SAID: [SAID]})
        await connection.execute("insert into said values (%s, %s)", (SAID, document))

    job_id = enqueue(db)
    async with running(db, saving(save)):
        await until(lambda: state(db, job_id)["status"] == "succeeded")
    clean = "a\ufffdb\ufffdc\U0001f600"
    assert db.row("select * from said") == {"word": clean, "document": {clean: [clean]}}


async def test_such_characters_pass_in_steps_and_sentences_too(db: Database):
    async def answer() -> dict[str, str]:
        return {"said": SAID}

    async def work(_input: None, context: JobContext) -> None:
        await context.step("labels", answer)
        raise Reject("page_not_found", SAID)

    job_id = enqueue(db)
    async with running(db, handler(work)):
        await until(lambda: state(db, job_id)["status"] == "failed")
    assert state(db, job_id)["error_code"] == "page_not_found"


async def test_a_result_of_the_wrong_form_is_no_bug_and_is_not_tried_again(db: Database):
    async def save(connection: Any, _job: Job, _output: None) -> None:
        await connection.execute("select %s::numeric(3, 2)", (10_000,))

    job_id = enqueue(db)
    async with running(db, saving(save)):
        await until(lambda: state(db, job_id)["status"] == "failed")
    assert (state(db, job_id)["error_code"], state(db, job_id)["attempt"]) == (
        "result_not_stored",
        1,
    )
