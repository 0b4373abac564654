-- Jobs: what a user sees of background work, and the protocol that workers speak over pgmq.
-- Lock order everywhere: product, then message (pgmq.q_*), then public.jobs, then
-- private.live_jobs.

create extension if not exists pgmq;

create table private.queues (
    queue text primary key check (queue ~ '^[a-z_]{1,20}$'),
    is_paused boolean not null default false
);
comment on table private.queues is
'The queues of this project, each a pgmq queue; made by private.create_queue.';
comment on column private.queues.is_paused is 'Nothing is claimed from it; what runs goes on.';
alter table private.queues enable row level security;

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid,
    product_id uuid,
    kind text not null,
    status text not null default 'queued'
    check (status in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    stage text not null default 'queued',
    progress smallint not null default 0 check (progress between 0 and 100),
    failures integer not null default 0,
    crashes integer not null default 0,
    attempt integer not null generated always as (failures + crashes + 1) stored,
    error_code text,
    error_message text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz
) with (fillfactor = 70);
comment on table public.jobs is
'Background work of a user, with its progress. Written by workers only.';
comment on column public.jobs.user_id is
'The account it works for; null for system work, which no user sees.';
comment on column public.jobs.product_id is 'The product it works on, if any.';
comment on column public.jobs.stage is
'What it does now, one word: queued, fetching, analysing, saving, retrying, done…';
comment on column public.jobs.progress is 'Percent of the work done, 0 to 100.';
comment on column public.jobs.failures is 'Tries that ended in an error worth trying again.';
comment on column public.jobs.crashes is 'Tries whose worker vanished.';
comment on column public.jobs.attempt is 'Number of the try that runs now or comes next, from 1.';
comment on column public.jobs.error_code is
'Why it failed, or why the last try failed; stable, see docs/errors.md.';
comment on column public.jobs.error_message is 'The same as a sentence for the user.';
comment on column public.jobs.started_at is 'When a worker first took it; null before.';
comment on column public.jobs.finished_at is
'When it succeeded, failed or was cancelled; null before.';

-- No index on what an update changes, not even in its condition: each update of a job would then
-- write to all of them.
create index jobs_user_id_created_at_idx on public.jobs (user_id, created_at desc);
create index jobs_product_id_created_at_idx on public.jobs (product_id, created_at desc);

alter table public.jobs enable row level security;
create policy jobs_select_own on public.jobs
for select to authenticated
using (user_id = (select auth.uid()));

grant select on public.jobs to authenticated;
grant select, insert, update, delete on public.jobs to service_role;

create table private.job_kinds (
    kind text primary key,
    queue text not null references private.queues on delete restrict,
    max_failures integer not null default 5 check (max_failures >= 1),
    max_crashes integer not null default 3 check (max_crashes >= 1),
    backoff_seconds double precision not null default 5 check (backoff_seconds >= 0)
);
comment on table private.job_kinds is
'What kinds of work exist, where they queue, how often they are tried.';
comment on column private.job_kinds.max_failures is 'The failure with this number is final.';
comment on column private.job_kinds.max_crashes is
'The crash with this number is final: the payload kills its workers.';
comment on column private.job_kinds.backoff_seconds is
'Wait before the first retry; doubles with each, up to an hour, with jitter.';
create index job_kinds_queue_idx on private.job_kinds (queue);
alter table private.job_kinds enable row level security;

create table private.messages (
    msg_id bigint primary key,
    read_ct integer,
    enqueued_at timestamptz,
    vt timestamptz,
    message jsonb,
    headers jsonb
);
comment on table private.messages is
'The parent of every queue''s table, itself empty: what touches one message is planned once instead
of with every call. It has the columns that pgmq 1.5 to 1.13 share.';
alter table private.messages enable row level security;

create table private.live_jobs (
    job_id uuid primary key references public.jobs on delete cascade,
    queue text not null,
    msg_id bigint not null,
    lane text not null,
    -- No reference: its check would lock the one row of the kind for every job that is added.
    kind text not null,
    key text not null,
    arguments jsonb not null default '{}' check (pg_column_size(arguments) <= 65536),
    is_cancelled boolean not null default false,
    is_woken boolean not null default false,
    constraint live_jobs_lane_kind_key_key unique (lane, kind, key)
) with (fillfactor = 70);
comment on table private.live_jobs is
'The internal half of each unfinished job; the row goes when the job ends.';
comment on column private.live_jobs.lane is
'Whose work it is: the user id, or "system". Lanes take turns.';
comment on column private.live_jobs.key is 'Two live jobs of one lane and kind never share it.';
comment on column private.live_jobs.is_cancelled is 'The user asked to stop it while it ran.';
comment on column private.live_jobs.is_woken is
'What it is about to wait for happened while it still ran.';
alter table private.live_jobs enable row level security;

create table private.dead_letters (
    job_id uuid primary key references public.jobs on delete cascade,
    lane text not null,
    kind text not null references private.job_kinds on delete restrict,
    key text not null,
    arguments jsonb not null,
    failed_at timestamptz not null default now()
);
comment on table private.dead_letters is 'What private.redrive needs to bring a failed job back.';
create index dead_letters_kind_idx on private.dead_letters (kind);
create index dead_letters_failed_at_idx on private.dead_letters (failed_at);
alter table private.dead_letters enable row level security;

create table private.job_steps (
    job_id uuid not null references public.jobs on delete cascade,
    name text not null,
    result jsonb not null check (pg_column_size(result) <= 65536),
    created_at timestamptz not null default now(),
    primary key (job_id, name)
);
comment on table private.job_steps is
'What a job must not pay for twice: ids and derived results, never raw data. Goes with the job''s
end.';
alter table private.job_steps enable row level security;

create type private.turn as (
    msg_id bigint,
    read_ct integer,
    job_id uuid,
    kind text,
    user_id uuid,
    product_id uuid,
    arguments jsonb,
    attempt integer,
    cursor text,
    is_dead boolean
);
comment on type private.turn is 'A job claimed, with its fencing token (msg_id, read_ct).';

create function private.claim_template()
returns text
language sql
immutable
security invoker
set search_path = ''
return $template$
create function private.claim_QUEUE(
    quantity integer, lease_seconds integer, cursor text, busy_lanes text []
)
returns setof private.turn
language plpgsql
volatile
security invoker
set search_path = ''
-- Plans are made while the table may be empty, and kept: they must suit a million rows.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $body$
declare
    -- This bounds an index scan; clock_timestamp() in its place would read every row.
    v_now timestamptz := statement_timestamp();
    v_words text [] := string_to_array(cursor, '|');
    v_lane text := coalesce(v_words[1], '');
    v_credit integer := coalesce(v_words[2]::integer, 0);
    v_floor timestamptz := coalesce(v_words[3]::timestamptz, '-infinity');
    v_look_at timestamptz := coalesce(v_words[4]::timestamptz, '-infinity');
    v_alone_until timestamptz := coalesce(v_words[5]::timestamptz, '-infinity');
    v_start text := v_lane;
    v_until text;
    v_only text := case when v_credit > 0 then v_lane end;
    v_is_alone boolean := true;
    v_is_known_alone boolean := v_alone_until > v_now and busy_lanes = '{}';
    v_reach integer := quantity + 16 + cardinality(busy_lanes);
    v_room integer;
    v_taken bigint [];
    v_due bigint [] := '{}';
begin
    if quantity <= 0 or (select q.is_paused from private.queues as q where q.queue = 'QUEUE') then
        return;
    end if;
    -- Beside a snapshot that somebody holds, what has ended stays in the indexes. Nothing due is
    -- older than the floor, so scans begin there. It lags: a message becomes visible some time
    -- after its vt. What took even longer is found when all is looked through, every few seconds.
    if v_look_at <= v_now then
        v_floor := '-infinity';
        v_look_at := v_now + interval '3 seconds';
    end if;
    v_floor := coalesce((
        select least(m.vt, v_now - interval '0.5 seconds') from pgmq.q_QUEUE as m
        where m.vt >= v_floor and m.vt <= v_now order by m.vt limit 1
    ), v_floor);
    -- For a moment after nobody else's work was there, nobody else's is looked for.
    if v_is_known_alone then
        v_credit := quantity;
        v_reach := 1;
    end if;
    -- Lanes take turns, each with as many jobs in a row as it has weight, from where the last turn
    -- stopped, one round at most. Reaching over lanes with nothing due is bounded.
    while cardinality(v_due) < quantity and v_reach > 0 loop
        v_reach := v_reach - 1;
        if v_credit <= 0 then
            select m.headers ->> 'lane', coalesce((m.headers ->> 'weight')::integer, 1)
            into v_lane, v_credit
            from pgmq.q_QUEUE as m where m.headers ->> 'lane' > v_lane and m.vt >= v_floor
            order by m.headers ->> 'lane' limit 1;
            if v_lane is null and v_start > '' then
                v_lane := '';
                v_until := v_start;
                v_start := '';
                continue;
            end if;
            exit when v_lane is null or v_lane > v_until;
            v_only := coalesce(v_only, v_lane);
            v_is_alone := v_is_alone and v_lane = v_only;
        end if;
        if v_lane = any (busy_lanes) then
            v_credit := 0;
            continue;
        end if;
        -- What was begun before goes first: a lease that ended must not queue behind the backlog.
        -- The round may end where it began; our own locks don't make us skip what we have.
        v_room := least(v_credit, quantity - cardinality(v_due));
        v_taken := array(
            select m.msg_id from pgmq.q_QUEUE as m
            where m.headers ->> 'lane' = v_lane and least(m.read_ct, 1) = 1 and m.vt <= v_now
                and m.vt >= v_floor and m.msg_id <> all (v_due)
            order by m.vt limit v_room for update skip locked
        );
        v_taken := v_taken || array(
            select m.msg_id from pgmq.q_QUEUE as m
            where m.headers ->> 'lane' = v_lane and least(m.read_ct, 1) = 0 and m.vt <= v_now
                and m.vt >= v_floor and m.msg_id <> all (v_due)
            order by m.vt limit v_room - cardinality(v_taken) for update skip locked
        );
        v_due := v_due || v_taken;
        v_credit := case when v_taken <> '{}' then v_credit - cardinality(v_taken) else 0 end;
    end loop;
    if v_is_known_alone then
        v_credit := 0;
    elsif v_reach > 0 and v_is_alone and cardinality(v_due) < quantity then
        v_lane := v_only;
        v_alone_until := v_now + interval '0.25 seconds';
    end if;
    -- The oldest due messages fill what is left.
    if cardinality(v_due) < quantity and busy_lanes = '{}' then
        v_due := v_due || array(
            select m.msg_id from pgmq.q_QUEUE as m
            where m.vt <= v_now and m.vt >= v_floor and m.msg_id <> all (v_due)
            order by m.vt limit quantity - cardinality(v_due) for update skip locked
        );
    end if;
    return query
    with due as materialized (
        select m.msg_id, (m.message ->> 'job_id')::uuid as job_id
        from pgmq.q_QUEUE as m where m.msg_id = any (v_due)
    ), free as materialized (
        -- A claim waits for nobody: a job that somebody deletes or ends now is left for later.
        select j.id from public.jobs as j
        where j.id in (select d.job_id from due as d) for update skip locked
    ), leased as (
        update pgmq.q_QUEUE as m
        set vt = clock_timestamp() + make_interval(secs => lease_seconds), read_ct = m.read_ct + 1
        from due as d left join public.jobs as j on d.job_id = j.id
        where m.msg_id = d.msg_id
            and (j.id is null or exists (select from free as f where f.id = d.job_id))
        returning m.msg_id, m.read_ct, d.job_id
    ), started as (
        update public.jobs as j set
            crashes = j.crashes + (j.status = 'running')::integer,
            status = 'running',
            stage = 'starting',
            started_at = coalesce(j.started_at, clock_timestamp())
        from leased where j.id = leased.job_id
        returning j.id, j.user_id, j.product_id, j.attempt, j.crashes
    )
    select leased.msg_id, leased.read_ct, leased.job_id, l.kind, s.user_id, s.product_id,
        l.arguments, s.attempt, array_to_string(
            array[
                coalesce(v_lane, ''), coalesce(v_credit, 0)::text, v_floor::text, v_look_at::text,
                v_alone_until::text
            ], '|'
        ),
        coalesce(l.is_cancelled or s.crashes >= k.max_crashes, true)
    from leased
    left join started as s on leased.job_id = s.id
    left join private.live_jobs as l on leased.job_id = l.job_id
    left join private.job_kinds as k on l.kind = k.kind;
end;
$body$
$template$;
comment on function private.claim_template is
'How a queue is claimed from, as text with QUEUE for its name. One function per queue, because it
names the queue''s table and so is planned once instead of with every call.';

create function private.add_message_template()
returns text
language sql
stable
security invoker
set search_path = ''
begin atomic
    select
        'create or replace function private.add_message('
        || 'queue text, body jsonb, headers jsonb, due_at timestamptz)'
        || ' returns bigint language plpgsql volatile security invoker set search_path = '''''
        || ' as $body$ declare v_msg_id bigint; begin case queue '
        || string_agg(
            format(
                'when %L then insert into pgmq.%I (message, headers, vt)'
                || ' values (body, headers, due_at) returning msg_id into v_msg_id;',
                q.queue, 'q_' || q.queue
            ), ' '
            order by q.queue
        )
        || ' end case; return v_msg_id; end; $body$'
    from private.queues as q;
end;
comment on function private.add_message_template is
'private.add_message as text: pgmq.send for our queues, but planned once.';

create function private.create_queue(queue text)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $function$
begin
    insert into private.queues (queue) values (create_queue.queue);
    perform pgmq.create(create_queue.queue);
    -- A job is an insert, some updates and a delete: vacuum by count, not by share of the table.
    execute format(
        'alter table pgmq.%I set (
            fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
            autovacuum_vacuum_cost_delay = 0
        ), inherit private.messages', 'q_' || create_queue.queue
    );
    execute format(
        'create index %I on pgmq.%I ((headers ->> ''lane''), (least(read_ct, 1)), vt)',
        'q_' || create_queue.queue || '_lane_vt_idx', 'q_' || create_queue.queue
    );
    execute replace(private.claim_template(), 'QUEUE', create_queue.queue);
    execute format(
        'comment on function private.%I is ''What private.turn claims from this queue.''',
        'claim_' || create_queue.queue
    );
    execute private.add_message_template();
end;
$function$;
comment on function private.create_queue is
'Makes a queue: pgmq''s table, our index and vacuum settings, and its claim. For migrations.';

select private.create_queue('ingestion');
select private.create_queue('scripts');
select private.create_queue('billing');
select private.create_queue('maintenance');
comment on function private.add_message is 'Adds a message to a queue and returns its number.';

insert into private.job_kinds (kind, queue) values ('analyze_product', 'ingestion');
