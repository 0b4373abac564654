-- Redrives jobs after an outage: the dead letters of the last hour, oldest first, 100 at a time.
-- Run it until it returns no row. It skips jobs that were redriven before, and jobs that their
-- users have started again. For one job: `python -m workers redrive JOB_ID`.
select
    d.job_id,
    private.redrive(d.job_id) as is_back
from (
    select f.job_id
    from private.dead_letters as f
    where
        f.failed_at > now() - interval '1 hour'
        and not f.is_redriven
        and not exists (
            select 1 from private.live_jobs as l
            where l.tenant = f.tenant and l.kind = f.kind and l.key = f.key
        )
    order by f.failed_at asc
    limit 100
) as d;
