"""A thousand snoozed jobs: no slot is held, each goes on when its event comes, once."""

from __future__ import annotations

from collections import Counter

from tests.database import Database
from tests.jobs import enqueue, leftovers, make_kind, state
from tests.workers.test_runner import handler, running, until
from workers.engine.errors import Snooze
from workers.engine.handlers import JobContext

SNOOZED = 1000
WAITING = "select count(*) from public.jobs where status = 'waiting'"


async def test_snoozed_jobs_hold_no_slot_and_resume_once_when_woken(db: Database):
    make_kind(db)
    runs: Counter[int] = Counter()

    async def work(_input: None, context: JobContext) -> None:
        number = context.job.arguments["n"]
        runs[number] += 1
        if number >= 0 and runs[number] == 1:
            raise Snooze("collecting", 3600)

    db.execute(
        "select private.enqueue('noop', null, arguments => jsonb_build_object('n', n))"
        " from generate_series(0, %s) as n",
        SNOOZED - 1,
    )
    async with running(db, handler(work), concurrency=4) as runner:
        await until(lambda: db.value(WAITING) == SNOOZED)
        assert runner.running == 0
        another = enqueue(db, arguments={"n": -1})
        await until(lambda: state(db, another)["status"] == "succeeded")
        assert db.value(WAITING) == SNOOZED
        db.execute("select private.wake(job_id) from private.live_jobs")
        await until(lambda: leftovers(db)["live"] == 0)
    assert runs == Counter(dict.fromkeys(range(SNOOZED), 2) | {-1: 1})
