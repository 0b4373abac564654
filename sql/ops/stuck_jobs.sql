-- Which jobs hang? Run when users say that nothing moves: jobs that run long, or wait long after
-- being due.
select
    j.id,
    j.kind,
    j.status,
    j.stage,
    j.attempt,
    j.error_code,
    now() - coalesce(j.started_at, j.created_at) as age
from public.jobs as j
where
    j.finished_at is null
    and coalesce(j.started_at, j.created_at) < now() - interval '10 minutes'
order by age desc
limit 50;
