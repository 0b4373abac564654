-- Which jobs hang? Run it when users see no progress. It lists jobs that started more than 10
-- minutes ago, and jobs that have waited that long for their start. It reads the 1,000 oldest
-- unclaimed and the 1,000 oldest claimed messages of each queue.
select
    j.id,
    j.kind,
    j.status,
    j.stage,
    j.attempt,
    j.error_code,
    now() - coalesce(j.started_at, j.created_at) as age
from private.queues as q
cross join
    lateral (
        (
            select m.message
            from pgmq.q_jobs as m
            where m.headers ->> 'queue' = q.queue and m.vt <= m.enqueued_at
            order by m.vt asc
            limit 1000
        )
        union all
        (
            select m.message
            from pgmq.q_jobs as m
            where m.headers ->> 'queue' = q.queue and m.vt > m.enqueued_at
            order by m.vt asc
            limit 1000
        )
    ) as oldest
inner join public.jobs as j on (oldest.message ->> 'job_id')::uuid = j.id
where coalesce(j.started_at, j.created_at) < now() - interval '10 minutes'
order by age desc
limit 50;
