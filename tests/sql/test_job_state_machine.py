"""The job protocol against a model: whatever order things happen in, holders and zombies alike."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.jobs import QUEUE, enqueue, make_kind
from tests.sql.job_model import MAX_CRASHES, MAX_FAILURES, ModelJob

if TYPE_CHECKING:
    from tests.database import Database
    from tests.sql.job_model import Token

SETTINGS = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
USERS = [None, uuid.uuid4(), uuid.uuid4()]
EVERYTHING = """
    select
        j.id as job_id, j.status, j.failures, j.crashes, j.attempt, j.progress,
        j.finished_at is not null as is_finished,
        (select count(*) from pgmq.q_maintenance as m
         where m.message ->> 'job_id' = j.id::text) as messages,
        (select count(*) from private.live_jobs as l where l.job_id = j.id) as live_rows,
        (select count(*) from private.dead_letters as d where d.job_id = j.id) as dead_letters,
        (select count(*) from private.job_steps as s where s.job_id = j.id) as steps
    from public.jobs as j
"""


def test_the_protocol_keeps_its_promises_in_any_order(db: Database):
    make_kind(db, max_failures=MAX_FAILURES, max_crashes=MAX_CRASHES, backoff_seconds=3600.0)
    with db.connect("worker") as worker:
        run_state_machine_as_test(partial(Protocol, db, worker), settings=SETTINGS)


class Protocol(RuleBasedStateMachine):
    """Every call of the protocol, by whoever may have reason to call it."""

    jobs = Bundle("jobs")
    tokens = Bundle("tokens")

    def __init__(self, db: Database, worker) -> None:
        super().__init__()
        self.db, self.worker = db, worker
        self.model: dict[uuid.UUID, ModelJob] = {}
        db.execute("delete from pgmq.q_maintenance")
        db.execute("delete from public.jobs")

    def call(self, statement: str, *parameters: object) -> list[dict[str, object]]:
        """As a worker."""
        return self.worker.execute(statement, parameters).fetchall()

    def holder(self, token: Token) -> ModelJob | None:
        """The job that this token still holds."""
        return next((job for job in self.model.values() if job.token == token), None)

    @rule(target=jobs, user_id=st.sampled_from(USERS), key=st.sampled_from("ab"))
    def enqueue(self, user_id, key):
        live = [
            j for j in self.model.values() if j.is_live and (j.user_id, j.key) == (user_id, key)
        ]
        job_id = enqueue(self.db, user_id=user_id, key=key)
        if live:
            assert job_id == live[0].job_id
            return multiple()
        assert job_id not in self.model
        self.model[job_id] = ModelJob(job_id, user_id, key)
        return job_id

    @rule(target=tokens, quantity=st.sampled_from([1, 2, 10]))
    def claim(self, quantity):
        due = {job.job_id: job for job in self.model.values() if job.visibility == "due"}
        rows = self.call("select * from private.claim(%s, %s, 3600)", QUEUE, quantity)
        handed = [due.pop(row["job_id"]) for row in rows]
        buried = [job for job in due.values() if job.is_buried_by_claim() and self.has_ended(job)]
        assert not any(job.is_buried_by_claim() for job in handed)
        assert min(quantity, len(due) + len(handed)) == len(handed) + len(buried)
        for job in buried:
            job.bury()
        for job, row in zip(handed, rows, strict=True):
            job.lease((row["msg_id"], row["read_ct"]))
            assert row["attempt"] == job.failures + job.crashes + 1
        return multiple(*(job.token for job in handed))

    def has_ended(self, job: ModelJob) -> bool:
        """In the database."""
        return self.db.value(
            "select finished_at is not null from public.jobs where id = %s", job.job_id
        )

    @rule(batch=st.lists(tokens, min_size=1, max_size=3, unique=True))
    def complete(self, batch):
        rows = self.call(
            "select complete as msg_id from private.complete(%s, %s, %s) as complete",
            QUEUE,
            [msg_id for msg_id, _ in batch],
            [read_ct for _, read_ct in batch],
        )
        held = [token for token in batch if self.holder(token)]
        assert sorted(row["msg_id"] for row in rows) == sorted(msg_id for msg_id, _ in held)
        for token in held:
            self.holder(token).complete()

    @rule(token=tokens)
    def retry(self, token):
        job = self.holder(token)
        [row] = self.call("select private.retry(%s, %s, %s, 'busy', 'Busy.')", QUEUE, *token)
        assert row["retry"] == (job.retry() if job else "lost")

    @rule(token=tokens)
    def fail(self, token):
        job = self.holder(token)
        [row] = self.call("select private.fail_job(%s, %s, %s, 'broken', 'Broken.')", QUEUE, *token)
        assert row["fail_job"] is (job is not None)
        if job:
            job.end("failed")

    @rule(token=tokens)
    def acknowledge_cancel(self, token):
        job = self.holder(token)
        [row] = self.call("select private.acknowledge_cancel(%s, %s, %s)", QUEUE, *token)
        assert row["acknowledge_cancel"] is (job is not None)
        if job:
            job.end("cancelled")

    @rule(token=tokens)
    def snooze(self, token):
        job = self.holder(token)
        [row] = self.call("select private.snooze(%s, %s, %s, 3600, 'collecting')", QUEUE, *token)
        assert row["snooze"] is (job is not None)
        if job:
            job.snooze()

    @rule(token=tokens)
    def release(self, token):
        job = self.holder(token)
        rows = self.call("select private.release(%s, array[%s::bigint], array[%s])", QUEUE, *token)
        assert len(rows) == (job is not None)
        if job:
            job.release()

    @rule(token=tokens)
    def extend(self, token):
        job = self.holder(token)
        rows = self.call(
            "select * from private.extend(%s, array[%s::bigint], array[%s], 3600)", QUEUE, *token
        )
        assert [row["is_cancelled"] for row in rows] == ([job.is_cancelled] if job else [])
        if job:
            job.visibility = "leased"

    @rule(token=tokens, percent=st.integers(0, 100))
    def progress(self, token, percent):
        job = self.holder(token)
        [row] = self.call(
            "select private.progress(%s, %s, %s, 'fetching', %s)", QUEUE, *token, percent
        )
        assert row["progress"] is (job is not None)
        if job:
            job.progress = percent

    @rule(token=tokens, name=st.sampled_from("xy"), result=st.integers(0, 9))
    def save_step(self, token, name, result):
        job = self.holder(token)
        [row] = self.call(
            "select private.save_step(%s, %s, %s, %s, to_jsonb(%s))", QUEUE, *token, name, result
        )
        assert row["save_step"] is (job is not None)
        if job:
            job.steps[name] = result

    @rule(job_id=jobs)
    def read_steps(self, job_id):
        rows = self.call("select * from private.steps(%s)", job_id)
        assert {row["name"]: row["result"] for row in rows} == self.model[job_id].steps

    @rule(job_id=jobs)
    def wake(self, job_id):
        job = self.model[job_id]
        [row] = self.call("select private.wake(%s)", job_id)
        assert row["wake"] is job.wake()

    @rule(job_id=jobs)
    def cancel(self, job_id):
        job = self.model[job_id]
        if job.user_id is None:
            return
        job.cancel()
        with self.db.as_user(job.user_id) as user:
            row = user.row("select id, status from public.cancel_job(%s)", job_id)
        assert row == {"id": job_id, "status": job.status}

    @rule(job_id=jobs)
    def time_passes(self, job_id):
        """A lease or a delay ends."""
        job = self.model[job_id]
        if job.visibility is None:
            return
        job.visibility = "due"
        self.db.execute(
            "update pgmq.q_maintenance set vt = now() - interval '1 second'"
            " where message ->> 'job_id' = %s",
            str(job_id),
        )

    @invariant()
    def the_database_is_as_the_model_says(self):
        rows = {row["job_id"]: row for row in self.db.rows(EVERYTHING)}
        assert rows == {job.job_id: job.visible_row() for job in self.model.values()}

    @invariant()
    def every_message_belongs_to_a_live_job(self):
        live = sum(job.is_live for job in self.model.values())
        assert self.db.value("select count(*) from pgmq.q_maintenance") == live

    @invariant()
    def nothing_is_completed_twice(self):
        assert all(job.completions <= 1 for job in self.model.values())
