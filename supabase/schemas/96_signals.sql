-- What Prometheus sees of the database. The edge reads it at each scrape (webhooks/metrics.py), so
-- it needs no worker.

create function private.server_metrics()
returns table (name text, label text, value double precision)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    with queues as materialized (select q.* from private.queue_metrics() as q),
    clients as materialized (
        select a.xact_start, a.pid from pg_stat_activity as a
        where a.backend_type = 'client backend'
    )
    select m.* from queues as q cross join lateral (
        values
        ('jobs_due', q.queue, q.due::double precision),
        ('jobs_not_due', q.queue, q.not_due::double precision),
        ('jobs_oldest_due_seconds', q.queue, coalesce(q.oldest_due_seconds, 0)),
        ('jobs_dead_letters', q.queue, q.dead_letters::double precision),
        ('queue_paused', q.queue, q.is_paused::integer::double precision)
    ) as m (name, label, value)
    union all
    select 'connections', 'used', count(*)::double precision from clients
    union all
    select 'connections', 'limit', (
        current_setting('max_connections')::integer
        - current_setting('superuser_reserved_connections')::integer
    )::double precision
    union all
    select 'oldest_transaction_seconds', '', coalesce(
        max(extract(epoch from clock_timestamp() - c.xact_start)), 0
    )::double precision
    from clients as c where c.pid <> pg_backend_pid()
    union all
    select 'database_bytes', '', pg_database_size(current_database())::double precision
    union all
    select 'deadlocks', '', d.deadlocks::double precision
    from pg_stat_database as d where d.datname = current_database()
    union all
    select 'dead_messages', '', s.n_dead_tup::double precision
    from pg_stat_all_tables as s where s.relid = 'pgmq.q_jobs'::regclass
    union all
    select 'schedules_stopped', '', count(*)::double precision
    from private.schedules as s where s.problem is not null
    union all
    select 'orphan_events', '', private.orphan_events()::double precision
$$;
comment on function private.server_metrics is
'Numbers for Prometheus. Of each queue, with its name as `label`: jobs_due, jobs_not_due,
jobs_oldest_due_seconds, jobs_dead_letters, queue_paused. connections: `label` is used or limit.
Without a label: oldest_transaction_seconds, database_bytes, deadlocks, dead_messages (dead rows of
pgmq.q_jobs), schedules_stopped, orphan_events. Definer: the edge has no table rights.';
grant execute on function private.server_metrics to webhook;

create function private.plan_of_job(msg_id bigint, read_ct integer)
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select case when l.tenant = 'system' then 'none' else private.plan_of(l.tenant::uuid) end
    from pgmq.q_jobs as m
    inner join private.live_jobs as l on (m.message ->> 'job_id')::uuid = l.job_id
    where m.msg_id = plan_of_job.msg_id and m.read_ct = plan_of_job.read_ct
$$;
comment on function private.plan_of_job is
'The plan of the account of a claimed job, for metrics; none for system work. Null: the lease was
lost. Definer: workers have no table rights.';
grant execute on function private.plan_of_job to worker;
