"""What became of the jobs of a trial, counted in the database."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from local.postgres import Server
from tests.chaos.servers import connect, make_database
from tests.chaos.trial import Trial

_COUNTS = """
    select
        (select count(*) from public.jobs where kind = 'effect') as run,
        (select count(*) from public.jobs as j full join unnest(%(confirmed)s::uuid []) as c (id)
         on c.id = j.id where j.status is distinct from 'succeeded'
         or not exists (select from chaos.effects as e where e.job_id = j.id)) as lost,
        (select count(*) from (
            select from chaos.effects group by job_id having count(*) > 1) as t) as completed_twice,
        (select count(*) from chaos.starts) - (select count(*) from public.jobs) as repeated,
        (select count(*) from pgmq.q_jobs)
        + (select count(*) from private.live_jobs) as left_over
"""
# A job is interrupted if a victim had started it and not yet completed it; resumed when it starts
# again anywhere, or completes after all.
_RESUMED = """
    with latest as (
        select distinct on (s.job_id) s.job_id, s.worker from chaos.starts as s
        where s.at < to_timestamp(%(began_at)s) order by s.job_id, s.at desc
    ), interrupted as (
        select job_id from latest where worker = any(%(victims)s) and not exists (
            select from chaos.effects as e
            where e.job_id = latest.job_id and e.at < to_timestamp(%(began_at)s))
    ), later as (
        select * from chaos.starts union all select * from chaos.effects
    ), resumed as (
        select i.job_id, min(l.at) as at from interrupted as i left join later as l
        on l.job_id = i.job_id and l.at > to_timestamp(%(began_at)s) group by i.job_id
    )
    select
        count(*) as interrupted,
        extract(epoch from max(coalesce(at, 'infinity')))::float - %(began_at)s as resumed_seconds,
        extract(epoch from (
            select min(e.at) from chaos.effects as e where e.at > to_timestamp(%(began_at)s)
        ))::float - %(began_at)s as first_seconds
    from resumed
"""


@dataclass(frozen=True)
class Outcome:
    """Seconds count from the beginning of a fault; of several faults, the slowest."""

    run: int
    lost: int
    completed_twice: int
    left_over: int
    repeated: int
    interrupted: int
    outage_seconds: float
    first_seconds: float
    resumed_seconds: float
    total_seconds: float
    exit_codes: list[int]

    def broken_promises(self, resume_seconds: float) -> list[str]:
        """What the job layer promises and this trial did not see; empty if all is well."""
        promises = {
            "every job has left its effect": self.lost == 0,
            "no job was completed twice": self.completed_twice == 0,
            "no message and no live row is left over": self.left_over == 0,
            "the fault interrupted jobs": self.interrupted > 0,
            f"interrupted jobs resume within {resume_seconds} s of the outage": (
                self.resumed_seconds <= self.outage_seconds + resume_seconds
            ),
            "workers end when asked": set(self.exit_codes) == {0},
        }
        return [promise for promise, is_kept in promises.items() if not is_kept]


def try_out(server: Server, inflict: Callable[[Trial], None], jobs: int, database: str) -> Outcome:
    """Runs the jobs with two workers through the fault, to the end of patience at most."""
    make_database(server, database)
    trial = Trial(server, database, jobs)
    try:
        began = time.monotonic()
        trial.begin()
        inflict(trial)
        trial.wait_until_over()
        total_seconds = time.monotonic() - began
        return count(trial, total_seconds, trial.stop_workers())
    finally:
        trial.abandon()


def count(trial: Trial, total_seconds: float, exit_codes: list[int]) -> Outcome:
    """Counts in the trial's database, once its workers have ended."""
    with connect(trial.server, trial.database) as db:
        counts = db.execute(_COUNTS, {"confirmed": trial.confirmed.result(60)}).fetchone()
        hits = [db.execute(_RESUMED, asdict(fault)).fetchone() for fault in trial.faults]
    return Outcome(
        **counts,
        interrupted=sum(hit["interrupted"] for hit in hits),
        outage_seconds=max(fault.ended_at - fault.began_at for fault in trial.faults),
        first_seconds=max(hit["first_seconds"] or math.inf for hit in hits),
        # One of several kills may meet a worker that has nothing to do just then.
        resumed_seconds=max(
            (hit["resumed_seconds"] for hit in hits if hit["interrupted"]), default=math.inf
        ),
        total_seconds=total_seconds,
        exit_codes=exit_codes,
    )
