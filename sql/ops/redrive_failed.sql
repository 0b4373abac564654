-- Bring back what an outage has failed: every dead letter of the last hour, oldest first, 100 at a
-- time. Run again until it returns no row. It leaves out what fails again after it was brought
-- back, and what its user has started again. One job alone: python -m workers redrive JOB_ID.
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
