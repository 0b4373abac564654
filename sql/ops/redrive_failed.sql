-- Bring back what an outage has failed: every dead letter of the last hour, oldest first, 100 at a
-- time.
-- Run again until it returns no row. One job alone: python -m workers redrive JOB_ID.
select
    d.job_id,
    private.redrive(d.job_id) as is_back
from (
    select f.job_id
    from private.dead_letters as f
    where f.failed_at > now() - interval '1 hour'
    order by f.failed_at asc
    limit 100
) as d;
