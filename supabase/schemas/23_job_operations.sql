-- Beside the job protocol: semaphores and rate limits that all workers share, schedules, restoring
-- the message store, what operators do with messages, pruning.

create table private.semaphores (
    name text primary key,
    max_running integer check (max_running > 0),
    max_running_per_user integer check (max_running_per_user > 0),
    starts_per_minute integer check (starts_per_minute > 0)
);
comment on table private.semaphores is
'How many jobs may use an outside service at once, in all and of one user. How many may start a
minute. The limits hold across all workers. Null: no such limit.';
alter table private.semaphores enable row level security;

create table private.semaphore_holders (
    id bigint generated always as identity primary key,
    semaphore_name text not null references private.semaphores on delete cascade,
    tenant text not null,
    msg_id bigint not null,
    read_ct integer not null,
    started_at timestamptz not null default clock_timestamp()
);
comment on table private.semaphore_holders is
'Which attempts have acquired a semaphore. A row counts as running while its fencing token is good,
so a dead worker holds nothing. It counts as a start for a minute.';
create index semaphore_holders_semaphore_name_started_at_idx
on private.semaphore_holders (semaphore_name, started_at);
alter table private.semaphore_holders enable row level security;

create function private.acquire(msg_id bigint, read_ct integer, semaphore text)
returns double precision
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant text := (private.lock_message(acquire.msg_id, acquire.read_ct)).tenant;
    v_semaphore private.semaphores;
    v_now timestamptz;
    v_running bigint [];
    v_wait_seconds double precision;
begin
    if v_tenant is null then
        return null;
    end if;
    -- This lock makes counting and starting one step for all workers.
    select s.* into strict v_semaphore from private.semaphores as s
    where s.name = acquire.semaphore for update;
    v_now := clock_timestamp();
    v_running := array(
        select h.id from private.semaphore_holders as h
        inner join pgmq.q_jobs as m on h.msg_id = m.msg_id and h.read_ct = m.read_ct
        where h.semaphore_name = acquire.semaphore and m.vt > v_now
    );
    delete from private.semaphore_holders as h
    where h.semaphore_name = acquire.semaphore and h.started_at < v_now - interval '1 minute'
        and h.id <> all (v_running);
    -- A job that asks again starts once more, and still runs once.
    select case when
        count(distinct h.msg_id) >= v_semaphore.max_running
        or count(distinct h.msg_id) filter (where h.tenant = v_tenant)
        >= v_semaphore.max_running_per_user
        then 5 end
    into v_wait_seconds
    from private.semaphore_holders as h
    where h.id = any (v_running) and h.msg_id <> acquire.msg_id;
    -- The n-th latest start makes room when it leaves the window of a minute.
    v_wait_seconds := greatest(v_wait_seconds, (
        select extract(epoch from h.started_at + interval '1 minute' - v_now)
        from private.semaphore_holders as h
        where h.semaphore_name = acquire.semaphore and h.started_at > v_now - interval '1 minute'
            and v_semaphore.starts_per_minute is not null
        order by h.started_at desc
        limit 1 offset coalesce(v_semaphore.starts_per_minute, 1) - 1
    ));
    if v_wait_seconds is null then
        insert into private.semaphore_holders (semaphore_name, tenant, msg_id, read_ct)
        values (acquire.semaphore, v_tenant, acquire.msg_id, acquire.read_ct);
    end if;
    return coalesce(v_wait_seconds, 0);
end;
$$;
comment on function private.acquire is
'Acquires a semaphore until this attempt of the job ends: 0. Otherwise acquires nothing and returns
the seconds after which to ask again. Null: the lease was lost. Counting and acquiring happen under
one lock: several workers never overshoot.';
grant execute on function private.acquire to worker;

create table private.schedules (
    name text primary key,
    kind text not null references private.job_kinds on delete restrict,
    arguments jsonb not null default '{}' check (pg_column_size(arguments) <= 65536),
    -- date_bin knows no months: they differ in length.
    every interval not null check (
        every >= interval '1 second' and every <= interval '366 days'
        and extract(year from every) = 0 and extract(month from every) = 0
    ),
    next_at timestamptz not null default now() check (next_at > '2000-01-01'),
    problem text
);
comment on table private.schedules is
'Recurring system work. The first worker that looks fires it, once. After a pause it fires once for
all the times missed.';
comment on column private.schedules.every is
'From a second to 366 days; no months and years, which differ in length: write 30 days.';
comment on column private.schedules.problem is
'Why it could not fire the last time. Null: it did. The others fire all the same.';
create index schedules_kind_idx on private.schedules (kind);
create index schedules_next_at_idx on private.schedules (next_at);
alter table private.schedules enable row level security;

create function private.fire_schedules()
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule private.schedules;
    v_fired integer := 0;
begin
    for v_schedule in
        select s.* from private.schedules as s where s.next_at <= now()
        order by s.next_at for update skip locked
    loop
        begin
            -- Keyed by name: a run that still lasts is not doubled.
            perform private.enqueue(
                v_schedule.kind, null, null, v_schedule.name, v_schedule.arguments
            );
            update private.schedules as s set
                problem = null,
                next_at = date_bin(v_schedule.every, now(), v_schedule.next_at) + v_schedule.every
            where s.name = v_schedule.name;
            v_fired := v_fired + 1;
        exception
            -- Mistakes that a row can have: they stop that schedule only.
            when data_exception or integrity_constraint_violation or feature_not_supported
                or case_not_found or no_data_found then
                update private.schedules as s
                set problem = sqlerrm, next_at = now() + interval '10 minutes'
                where s.name = v_schedule.name;
                raise warning 'schedule % did not fire: %', v_schedule.name, sqlerrm;
        end;
    end loop;
    return v_fired;
end;
$$;
comment on function private.fire_schedules is
'Queues what is due by schedule, once across all workers, and returns how many. A schedule that
cannot fire says why in its row, and fires again after ten minutes. Works without pg_cron.';
grant execute on function private.fire_schedules to worker;

create function private.restore_queues()
returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_lost uuid [];
    v_now timestamptz := clock_timestamp();
begin
    if to_regclass('pgmq.q_jobs') is null then
        perform private.create_message_store();
    end if;
    v_lost := array(
        select l.job_id from private.live_jobs as l
        where not exists (
            select from pgmq.q_jobs as m
            where m.msg_id = l.msg_id and m.message ->> 'job_id' = l.job_id::text
        )
    );
    update public.jobs as j set status = 'queued', stage = 'queued' where j.id = any (v_lost);
    with sent as (
        insert into pgmq.q_jobs as m (message, headers, vt, enqueued_at)
        select
            jsonb_build_object('job_id', l.job_id), private.message_headers(k.queue, l.tenant),
            v_now, v_now
        from private.live_jobs as l inner join private.job_kinds as k on l.kind = k.kind
        where l.job_id = any (v_lost)
        returning m.msg_id, (m.message ->> 'job_id')::uuid as job_id
    )
    update private.live_jobs as l set msg_id = s.msg_id from sent as s where l.job_id = s.job_id;
    return cardinality(v_lost);
end;
$$;
comment on function private.restore_queues is
'Makes the message store if it is missing: `supabase db dump` leaves the schema pgmq out. Queues
each live job that has lost its message, and returns how many. For operators, after a restore.';

create function private.end_leases()
returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz;
    v_held uuid [];
begin
    lock table pgmq.q_jobs in share row exclusive mode;
    v_now := clock_timestamp();
    -- A restore takes the sequence back, too: the ids of the lost time would be given again. The
    -- clock is beyond each of them, also after a second restore to the same point.
    perform setval(
        pg_get_serial_sequence('pgmq.q_jobs', 'msg_id'),
        greatest(
            nextval(pg_get_serial_sequence('pgmq.q_jobs', 'msg_id')),
            (extract(epoch from v_now) * 1000000)::bigint
        )
    );
    v_held := array(
        select j.id from pgmq.q_jobs as m
        inner join public.jobs as j on (m.message ->> 'job_id')::uuid = j.id
        where j.status = 'running'
    );
    -- Due messages are due from now: workers of before have cursors that hide what is older.
    with places as (
        select
            d.msg_id,
            d.vt <= v_now or (d.message ->> 'job_id')::uuid = any (v_held) as is_due,
            v_now + interval '1 microsecond' * row_number() over (order by d.vt, d.msg_id) as due_at
        from pgmq.q_jobs as d
    )
    update pgmq.q_jobs as m set
        msg_id = default,
        vt = case when p.is_due then p.due_at else m.vt end,
        enqueued_at = case when p.is_due then p.due_at else m.enqueued_at end
    from places as p where m.msg_id = p.msg_id;
    update public.jobs as j set status = 'queued', stage = 'queued' where j.id = any (v_held);
    update private.live_jobs as l set msg_id = m.msg_id
    from pgmq.q_jobs as m where l.job_id = (m.message ->> 'job_id')::uuid;
    return coalesce(cardinality(v_held), 0);
end;
$$;
comment on function private.end_leases is
'Ends every lease and returns how many there were; their jobs are due at once, without an attempt
counted. Each message gets an id that was never given, so a worker that claimed it before changes
nothing. For operators, after a restore: a restored database repeats the fencing tokens of the time
that is lost.';

create function private.set_aside(job_id uuid)
returns bigint
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := (
        select private.lock_message(l.msg_id) from private.live_jobs as l
        where l.job_id = set_aside.job_id
    );
begin
    if v_live.job_id is not null then
        -- An erasure does not look into the archive: no account is named there.
        update pgmq.q_jobs as m set headers = m.headers - 'tenant' where m.msg_id = v_live.msg_id;
        perform private.end_job(
            v_live.job_id, 'failed', 'crashed',
            'This kept stopping unexpectedly, so we gave up on it. We have been told.'
        );
    end if;
    return v_live.msg_id;
end;
$$;
comment on function private.set_aside is
'Fails an unfinished job whose message harms its workers. Returns the msg_id of the message, which
the caller moves to pgmq''s archive in the same transaction. Null: no such job. A worker that runs
the job loses its lease. For operators.';

create function private.cancel_not_running(queue text, quantity integer)
returns bigint[]
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid;
    v_msg_id bigint;
    v_msg_ids bigint [] := '{}';
begin
    for v_msg_id, v_job_id in
        select m.msg_id, j.id
        from pgmq.q_jobs as m inner join public.jobs as j on (m.message ->> 'job_id')::uuid = j.id
        where m.headers ->> 'queue' = cancel_not_running.queue and j.status <> 'running'
        limit cancel_not_running.quantity for update of m, j skip locked
    loop
        perform private.end_job(v_job_id, 'cancelled');
        v_msg_ids := v_msg_ids || v_msg_id;
    end loop;
    return v_msg_ids;
end;
$$;
comment on function private.cancel_not_running is
'Cancels up to `quantity` jobs of a queue that no worker runs: queued and waiting ones. Returns the
msg_ids of their messages, which the caller deletes in the same transaction. For operators.';

create function private.prune_jobs(
    older_than interval default '30 days', quantity integer default 1000
)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_pruned integer;
begin
    with gone as (
        delete from public.jobs as j where j.id = any (array(
            select o.id from public.jobs as o
            where o.created_at < now() - prune_jobs.older_than and o.finished_at is not null
            order by o.created_at
            limit prune_jobs.quantity for update skip locked
        ))
        returning j.user_id
    ), readers as (
        -- A transaction that has locked one of these may wait for our jobs: skip it.
        select a.id from private.accounts as a
        where a.id in (select g.user_id from gone as g) for no key update skip locked
    ), counted as (
        update private.accounts as a set read_version = a.read_version + 1
        from readers as r where a.id = r.id
    )
    select count(*) into v_pruned from gone;
    delete from pgmq.a_jobs as m where m.msg_id = any (array(
        select o.msg_id from pgmq.a_jobs as o
        where o.archived_at < now() - prune_jobs.older_than limit prune_jobs.quantity
    ));
    return v_pruned;
end;
$$;
comment on function private.prune_jobs is
'Deletes up to `quantity` ended jobs that were added longer ago than `older_than`, and returns how
many. Their dead letters go with them. Results stay. Archived messages go after the same time.';
grant execute on function private.prune_jobs to worker;
