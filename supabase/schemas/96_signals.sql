-- What Prometheus sees of the database. The edge asks for it at each scrape (webhooks/metrics.py).
-- So it is there when no worker is.

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
'Numbers for Prometheus: of each queue (label: its name), of connections (label: used or limit), of
the oldest transaction, the size, deadlocks, dead rows of the message store, schedules that cannot
fire, and Stripe''s events that belong to no account. Milliseconds at a million rows. Definer: the
edge reads no table.';
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
'The plan of the account that a claimed job works for, to count what it costs; none for system work.
Null: the lease was lost.';
grant execute on function private.plan_of_job to worker;
