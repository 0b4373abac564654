-- Beside the job protocol: limits that workers share, schedules, many jobs at once, queues after a
-- restore, pruning.

create table private.limits (
    name text primary key,
    max_running integer check (max_running > 0),
    max_running_per_user integer check (max_running_per_user > 0),
    starts_per_minute integer check (starts_per_minute > 0),
    starts_per_minute_per_user integer check (starts_per_minute_per_user > 0)
);
comment on table private.limits is
'What all workers together may do to an outside service, in all and for one user; null: no such
limit.';
alter table private.limits enable row level security;

create table private.permits (
    id bigint generated always as identity primary key,
    limit_name text not null references private.limits on delete cascade,
    lane text not null,
    queue text not null,
    msg_id bigint not null,
    read_ct integer not null,
    started_at timestamptz not null default clock_timestamp()
);
comment on table private.permits is
'Who uses a limit. A permit lives as long as its fencing token, so a dead worker can''t leak one.';
create index permits_limit_name_started_at_idx on private.permits (limit_name, started_at);
alter table private.permits enable row level security;

create function private.live_permits(limit_name text)
returns setof private.permits
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
begin atomic
    select p.*
    from private.permits as p
    inner join private.messages as m
        on
            p.msg_id = m.msg_id
            and p.read_ct = m.read_ct
            and m.tableoid = ('pgmq.q_' || p.queue)::regclass
    where p.limit_name = live_permits.limit_name and m.vt > clock_timestamp();
end;
comment on function private.live_permits is 'The permits of a limit whose lease still lasts.';

create function private.window_wait(limit_name text, lane text, starts_per_minute integer)
returns double precision
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
begin atomic
    -- The n-th latest start makes room when it leaves the window of a minute.
    select extract(epoch from p.started_at + interval '1 minute' - clock_timestamp())
    from private.permits as p
    where
        p.limit_name = window_wait.limit_name
        and (window_wait.lane is null or p.lane = window_wait.lane)
        and p.started_at > clock_timestamp() - interval '1 minute'
        and window_wait.starts_per_minute is not null
    order by p.started_at desc
    limit 1 offset coalesce(window_wait.starts_per_minute, 1) - 1;
end;
comment on function private.window_wait is
'Seconds until a start fits under a limit per minute, of one lane or (null) of all; null when it
fits now or none is set.';

create function private.acquire(queue text, msg_id bigint, read_ct integer, limit_name text)
returns double precision
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lane text := (private.hold(acquire.queue, acquire.msg_id, acquire.read_ct)).lane;
    v_limit private.limits;
    v_running private.permits [];
    v_now timestamptz;
    v_wait_seconds double precision;
begin
    if v_lane is null then
        return null;
    end if;
    -- This lock makes counting and starting one step for all workers.
    select l.* into strict v_limit from private.limits as l
    where l.name = acquire.limit_name for update;
    v_now := clock_timestamp();
    v_running := array(select p from private.live_permits(acquire.limit_name) as p);
    delete from private.permits as p
    where p.limit_name = acquire.limit_name and p.started_at < v_now - interval '1 minute'
        and p.id <> all (array(select r.id from unnest(v_running) as r));

    -- A job that asks again starts once more, and still runs once.
    select greatest(
        case when (
            select count(distinct (r.queue, r.msg_id)) from unnest(v_running) as r
            where (r.queue, r.msg_id) <> (acquire.queue, acquire.msg_id)
        ) >= v_limit.max_running then 5 end,
        case when (
            select count(distinct (r.queue, r.msg_id)) from unnest(v_running) as r
            where (r.queue, r.msg_id) <> (acquire.queue, acquire.msg_id) and r.lane = v_lane
        ) >= v_limit.max_running_per_user then 5 end,
        private.window_wait(acquire.limit_name, null, v_limit.starts_per_minute),
        private.window_wait(acquire.limit_name, v_lane, v_limit.starts_per_minute_per_user)
    ) into v_wait_seconds;
    if v_wait_seconds is null then
        insert into private.permits (limit_name, lane, queue, msg_id, read_ct)
        values (acquire.limit_name, v_lane, acquire.queue, acquire.msg_id, acquire.read_ct);
    end if;
    return coalesce(v_wait_seconds, 0);
end;
$$;
comment on function private.acquire is
'Takes a permit of a limit until this try of the job ends: 0. Otherwise takes nothing and returns
the seconds after which to ask again; null when the lease was lost. Counting and taking happen under
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
    is_catching_up boolean not null default false,
    next_at timestamptz not null default now() check (next_at > '2000-01-01'),
    problem text
);
comment on table private.schedules is
'Recurring system work, fired once by whichever worker looks first.';
comment on column private.schedules.is_catching_up is
'After a pause: true fires once for each time missed, false once for all of them.';
comment on column private.schedules.every is
'From a second to 366 days; no months and years, which differ in length: write 30 days.';
comment on column private.schedules.problem is
'Why it could not fire the last time; null: it did. The others fire all the same.';
create index schedules_kind_idx on private.schedules (kind);
create index schedules_next_at_idx on private.schedules (next_at);
alter table private.schedules enable row level security;

create function private.fire_schedules()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
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
            -- Keyed by name: a run that still lasts is not doubled. Keyed by time: each missed one
            -- runs.
            perform private.enqueue(
                v_schedule.kind, null, null,
                v_schedule.name
                || case when v_schedule.is_catching_up then v_schedule.next_at::text else '' end,
                v_schedule.arguments
            );
            update private.schedules as s set problem = null, next_at = case
                when v_schedule.is_catching_up then v_schedule.next_at + v_schedule.every
                else date_bin(v_schedule.every, now(), v_schedule.next_at) + v_schedule.every
            end
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
'Queues what is due by schedule, once across all workers; how many. One that can''t fire says why in
its row and is tried again after ten minutes. Works without pg_cron.';
grant execute on function private.fire_schedules to worker;

create function private.enqueue_many(kind text, user_ids uuid[], arguments jsonb[])
returns uuid[]
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue text;
    v_job_ids uuid [] := array(
        select gen_random_uuid() from generate_subscripts(enqueue_many.user_ids, 1)
    );
begin
    select k.queue into strict v_queue from private.job_kinds as k
    where k.kind = enqueue_many.kind;
    insert into public.jobs (id, user_id, kind)
    select n.job_id, n.user_id, enqueue_many.kind
    from unnest(v_job_ids, enqueue_many.user_ids) as n (job_id, user_id);
    execute format(
        'with jobs as materialized (
            select n.*, coalesce(n.user_id::text, ''system'') as lane
            from unnest($1, $2, $3) as n (job_id, user_id, arguments)
        ), lanes as materialized (
            select j.lane, private.lane_weight(j.user_id) as weight
            from jobs as j group by j.lane, j.user_id
        ), sent as (
            insert into pgmq.%I (message, headers, vt, enqueued_at)
            select jsonb_build_object(''job_id'', j.job_id), to_jsonb(l), clock_timestamp(),
                clock_timestamp()
            from jobs as j inner join lanes as l on j.lane = l.lane
            returning msg_id, (message ->> ''job_id'')::uuid as job_id
        )
        insert into private.live_jobs (job_id, queue, msg_id, lane, kind, arguments)
        select j.job_id, $4, s.msg_id, j.lane, $5, j.arguments
        from jobs as j inner join sent as s on j.job_id = s.job_id', 'q_' || v_queue
    ) using v_job_ids, user_ids, arguments, v_queue, enqueue_many.kind;
    perform private.call_workers(
        v_queue, array(select coalesce(n::text, 'system') from unnest(user_ids) as n)
    );
    return v_job_ids;
end;
$$;
comment on function private.enqueue_many is
'Adds jobs of one kind at once, one per user id (null: the system''s) with its arguments; without
keys, so each is new. Returns their ids in that order. Granted to nobody, as private.enqueue.';

create function private.restore_queues()
returns integer
language plpgsql
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue text;
    v_lost uuid [];
begin
    for v_queue in
        select q.queue from private.queues as q
        where to_regclass(format('pgmq.%I', 'q_' || q.queue)) is null order by q.queue
    loop
        perform private.create_queue(v_queue);
    end loop;
    v_lost := array(
        select l.job_id from private.live_jobs as l
        where not exists (
            select from private.messages as m
            where m.msg_id = l.msg_id and m.message ->> 'job_id' = l.job_id::text
                and m.tableoid = ('pgmq.q_' || l.queue)::regclass
        )
    );
    update public.jobs as j set status = 'queued', stage = 'queued' where j.id = any (v_lost);
    update private.live_jobs as l set msg_id = private.add_message(
        l.queue,
        jsonb_build_object('job_id', l.job_id),
        jsonb_build_object(
            'lane', l.lane, 'weight', private.lane_weight(nullif(l.lane, 'system')::uuid)
        ),
        clock_timestamp()
    ) where l.job_id = any (v_lost);
    return cardinality(v_lost);
end;
$$;
comment on function private.restore_queues is
'After a restore from a dump without the schema pgmq (`supabase db dump` leaves it out), or after
somebody deleted messages: makes the queues'' tables that are missing, and queues each live job that
has lost its message; how many. For operators.';

create function private.prune_jobs(
    older_than interval default '30 days', quantity integer default 1000
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
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
        -- Whoever holds one of these is counting a change; we must not wait, for they may want our
        -- jobs.
        select a.id from private.accounts as a
        where a.id in (select g.user_id from gone as g) for no key update skip locked
    ), counted as (
        update private.accounts as a set read_version = a.read_version + 1
        from readers as r where a.id = r.id
    )
    select count(*) into v_pruned from gone;
    return v_pruned;
end;
$$;
comment on function private.prune_jobs is
'Deletes up to `quantity` ended jobs that began longer ago than `older_than`, with their dead
letters; results stay. How many.';
grant execute on function private.prune_jobs to worker;
