-- Which jobs hang? Run when users say that nothing moves: of the 1,000 that each queue has had
-- longest, those that run long, or wait long after being due.
select
    j.id,
    j.kind,
    j.status,
    j.stage,
    j.attempt,
    j.error_code,
    now() - coalesce(j.started_at, j.created_at) as age
from (
    (select i.message from pgmq.q_ingestion as i order by i.msg_id asc limit 1000)
    union all
    (select s.message from pgmq.q_scripts as s order by s.msg_id asc limit 1000)
    union all
    (select b.message from pgmq.q_billing as b order by b.msg_id asc limit 1000)
    union all
    (select m.message from pgmq.q_maintenance as m order by m.msg_id asc limit 1000)
) as oldest
inner join public.jobs as j on (oldest.message ->> 'job_id')::uuid = j.id
where coalesce(j.started_at, j.created_at) < now() - interval '10 minutes'
order by age desc
limit 50;
