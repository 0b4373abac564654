"""The job protocol against a model: whatever order things happen in, holders and zombies alike."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.database import Database
from tests.jobs import QUEUE, enqueue, make_kind
from tests.sql.job_model import MAX_CRASHES, MAX_FAILURES, ModelJob, Token

SETTINGS = settings(
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
ACCOUNTS = [uuid.uuid4(), uuid.uuid4()]
USERS = [*ACCOUNTS, None]
# Somebody, by number; mostly somebody who still has a say.
ANYBODY = st.tuples(st.sampled_from([True, True, True, False]), st.integers(0, 99))
GIVING_UP = {
    "%s, %s, 'failed', 'broken', 'Broken.'": "failed",
    "%s, %s, 'cancelled'": "cancelled",
}
EVERYTHING = """
    select
        j.id as job_id, j.status, j.failures, j.crashes, j.attempt, j.progress,
        j.finished_at is not null as is_finished,
        (select count(*) from pgmq.q_jobs as m
         where m.message ->> 'job_id' = j.id::text) as messages,
        (select count(*) from private.live_jobs as l where l.job_id = j.id) as live_rows,
        (select count(*) from private.dead_letters as d where d.job_id = j.id) as dead_letters,
        (select coalesce(jsonb_object_agg(s.key, s.value), '{}') from (
            select l.steps from private.live_jobs as l where l.job_id = j.id
            union all select d.steps from private.dead_letters as d where d.job_id = j.id
        ) as kept, jsonb_each(kept.steps) as s) as steps
    from public.jobs as j
"""


@pytest.fixture
def db(db_everywhere: Database) -> Database:
    return db_everywhere


def test_the_protocol_keeps_its_promises_in_any_order(db: Database, request: pytest.FixtureRequest):
    make_kind(db, max_failures=MAX_FAILURES, max_crashes=MAX_CRASHES, backoff_seconds=3600.0)
    db.make_accounts(*ACCOUNTS)
    with db.connect("worker") as worker:
        # What differs between the platforms shows early; the rest is the same SQL.
        is_first = request.node.callspec.id == "here"
        run_state_machine_as_test(
            partial(Protocol, db, worker),
            settings=settings(SETTINGS, max_examples=80 if is_first else 20),
        )


class Protocol(RuleBasedStateMachine):
    """Every call of the protocol, by whoever may have reason to call it."""

    def __init__(self, db: Database, worker) -> None:
        super().__init__()
        self.db, self.worker = db, worker
        self.model: dict[uuid.UUID, ModelJob] = {}
        self.tokens: list[Token] = []
        db.execute("delete from pgmq.q_jobs")
        db.execute("delete from public.jobs")

    def call(self, statement: str, *parameters: object) -> list[dict[str, object]]:
        """As a worker."""
        return self.worker.execute(statement, parameters).fetchall()

    def holder(self, token: Token) -> ModelJob | None:
        """The job that this token still holds."""
        return next((job for job in self.model.values() if job.token == token), None)

    def some_token(self, anybody: tuple[bool, int]) -> Token:
        """Of a holder, or of whoever once held a job."""
        is_holder, number = anybody
        held = [token for token in self.tokens if self.holder(token)]
        candidates = held if is_holder and held else self.tokens
        return candidates[number % len(candidates)]

    def some_job(self, anybody: tuple[bool, int], visibility: str = "") -> ModelJob:
        """A live one, or any; with a visibility, one of those that have it."""
        is_live, number = anybody
        jobs = [job for job in self.model.values() if visibility in {"", job.visibility}]
        candidates = [job for job in jobs if job.is_live] if is_live else jobs
        return (candidates or jobs)[number % len(candidates or jobs)]

    def has(self, visibility: str) -> bool:
        """Whether a job has it."""
        return any(job.visibility == visibility for job in self.model.values())

    @initialize()
    def begin(self):
        for user_id in USERS:
            self.enqueue(user_id, "a")
            self.enqueue(user_id, "b")
        self.claim(4)

    @rule(user_id=st.sampled_from(USERS), key=st.sampled_from("ab"))
    def enqueue(self, user_id, key):
        live = [
            job
            for job in self.model.values()
            if job.is_live and (job.user_id, job.key) == (user_id, key)
        ]
        job_id = enqueue(self.db, user_id=user_id, key=key)
        if live:
            assert job_id == live[0].job_id
            return
        assert job_id not in self.model
        self.model[job_id] = ModelJob(job_id, user_id, key)

    @precondition(lambda self: self.has("due"))
    @rule(quantity=st.sampled_from([1, 2, 10]))
    def claim(self, quantity):
        due = {job.job_id: job for job in self.model.values() if job.visibility == "due"}
        rows = self.call("select * from private.claim(%s, %s, 3600)", QUEUE, quantity)
        assert {row["job_id"] for row in rows} <= due.keys()
        handed = [due.pop(row["job_id"]) for row in rows]
        buried = [job for job in due.values() if job.is_buried_by_claim() and self.has_ended(job)]
        assert not any(job.is_buried_by_claim() for job in handed)
        assert min(quantity, len(due) + len(handed)) == len(handed) + len(buried)
        for job in buried:
            job.bury()
        for job, row in zip(handed, rows, strict=True):
            job.lease((row["msg_id"], row["read_ct"]))
            assert row["attempt"] == job.failures + job.crashes + 1
            assert (row["steps"] or {}) == job.steps
            self.tokens.append(job.token)

    def has_ended(self, job: ModelJob) -> bool:
        """In the database."""
        return self.db.value(
            "select finished_at is not null from public.jobs where id = %s", job.job_id
        )

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY)
    def complete(self, caller):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call("select private.complete(%s, %s)", *token)
        assert row["complete"] is (True if job else None)
        if job:
            job.complete()

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY)
    def retry(self, caller):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call("select private.retry(%s, %s, 'busy', 'Busy.')", *token)
        assert row["retry"] == (job.retry() if job else None)

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY, call=st.sampled_from(sorted(GIVING_UP)))
    def give_up(self, caller, call):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call(f"select private.complete({call})", *token)
        assert row["complete"] is (True if job else None)
        if job:
            job.end(GIVING_UP[call])

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY)
    def snooze(self, caller):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call("select private.snooze(%s, %s, 3600, 'collecting')", *token)
        if job:
            job.snooze()
        assert row["snooze"] == (job.status if job else None)

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY)
    def release(self, caller):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call("select private.snooze(%s, %s, 0, 'queued', 'queued')", *token)
        if job:
            job.release()
        assert row["snooze"] == (job.status if job else None)

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY)
    def extend(self, caller):
        token = self.some_token(caller)
        job = self.holder(token)
        rows = self.call("select * from private.extend(array[%s::bigint], array[%s], 3600)", *token)
        assert [row["is_cancelled"] for row in rows] == ([job.is_cancelled] if job else [])
        if job:
            job.visibility = "leased"

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY, percent=st.integers(0, 100))
    def progress(self, caller, percent):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call("select private.progress(%s, %s, 'fetching', %s)", *token, percent)
        assert row["progress"] is (True if job else None)
        if job:
            job.progress = percent

    @precondition(lambda self: self.tokens)
    @rule(caller=ANYBODY, name=st.sampled_from("xy"), result=st.integers(0, 9))
    def save_step(self, caller, name, result):
        token = self.some_token(caller)
        job = self.holder(token)
        [row] = self.call(
            "select private.save_step(%s, %s, %s, to_jsonb(%s))", *token, name, result
        )
        assert row["save_step"] is (True if job else None)
        if job:
            job.steps[name] = result

    @rule(anybody=ANYBODY)
    def wake(self, anybody):
        job = self.some_job(anybody)
        assert self.db.value("select private.wake(%s)", job.job_id) is job.wake()

    @rule(anybody=ANYBODY, visibility=st.sampled_from(["leased", "leased", ""]))
    def cancel(self, anybody, visibility):
        job = self.some_job(anybody, visibility if self.has(visibility) else "")
        if job.user_id is None:  # the system's, which nobody can cancel
            return
        job.cancel()
        with self.db.as_user(job.user_id) as user:
            row = user.row("select id, status from public.cancel_job(%s)", job.job_id)
        assert row == {"id": job.job_id, "status": job.status}

    @rule(anybody=ANYBODY)
    def redrive(self, anybody):
        job = self.some_job(anybody)
        has_successor = any(
            other.is_live and (other.user_id, other.key) == (job.user_id, job.key)
            for other in self.model.values()
        )
        is_redriven = self.db.value("select private.redrive(%s)", job.job_id)
        assert is_redriven is (job.status == "failed" and not has_successor)
        if is_redriven:
            job.redrive()

    @precondition(lambda self: self.has("leased"))
    @rule(anybody=ANYBODY)
    def a_lease_ends(self, anybody):
        self.make_due(self.some_job(anybody, "leased"))

    @precondition(lambda self: self.has("delayed"))
    @rule(anybody=ANYBODY)
    def a_delay_ends(self, anybody):
        self.make_due(self.some_job(anybody, "delayed"))

    def make_due(self, job: ModelJob) -> None:
        """As time would."""
        job.visibility = "due"
        self.db.execute(
            "update pgmq.q_jobs set vt = now() - interval '1 second'"
            " where message ->> 'job_id' = %s",
            str(job.job_id),
        )

    @invariant()
    def the_database_is_as_the_model_says(self):
        rows = {row["job_id"]: row for row in self.db.rows(EVERYTHING)}
        assert rows == {job.job_id: job.visible_row() for job in self.model.values()}

    @invariant()
    def every_message_belongs_to_a_live_job(self):
        live = sum(job.is_live for job in self.model.values())
        assert self.db.value("select count(*) from pgmq.q_jobs") == live

    @invariant()
    def nothing_is_completed_twice(self):
        assert all(job.completions <= 1 for job in self.model.values())
