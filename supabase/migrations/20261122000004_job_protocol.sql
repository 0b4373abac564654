-- The job protocol: what a worker calls, and all it can call. A claim leases a message; its fencing
-- token (msg_id, read_ct) changes with every claim, so a worker that lost its lease changes
-- nothing.

create function private.lane_weight(user_id uuid)
returns integer
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    if lane_weight.user_id is null then
        return 1;
    end if;
    -- Doubles with each plan: its lane gets that many more turns where lanes compete.
    return (select 1 << p.rank from public.plans as p where p.id = private.plan_of(user_id));
end;
$$;
comment on function private.lane_weight is
'How many turns a user''s jobs get for one of a free user''s or of the system''s.';

create function private.post(
    job_id uuid, user_id uuid, kind text, key text, arguments jsonb, delay_seconds integer
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_queue text;
    v_lane text := coalesce(post.user_id::text, 'system');
    v_msg_id bigint;
begin
    select k.queue into strict v_queue from private.job_kinds as k where k.kind = post.kind;
    v_msg_id := private.add_message(
        v_queue,
        jsonb_build_object('job_id', post.job_id),
        jsonb_build_object('lane', v_lane, 'weight', private.lane_weight(post.user_id)),
        clock_timestamp() + make_interval(secs => post.delay_seconds)
    );
    insert into private.live_jobs (job_id, queue, msg_id, lane, kind, key, arguments)
    values (post.job_id, v_queue, v_msg_id, v_lane, post.kind, post.key, post.arguments)
    on conflict on constraint live_jobs_lane_kind_key_key do nothing;
    if found then
        perform pg_notify('jobs', v_queue);
        return true;
    end if;
    perform pgmq.delete(v_queue, v_msg_id);
    return false;
end;
$$;
comment on function private.post is
'Queues a job whose row is there. False: a live job of its lane and kind has the key.';

create function private.enqueue(
    kind text,
    user_id uuid,
    product_id uuid default null,
    key text default null,
    arguments jsonb default '{}',
    delay_seconds integer default 0
)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_job_id uuid := gen_random_uuid();
    v_key text := coalesce(enqueue.key, v_job_id::text);
    v_live_id uuid;
begin
    loop
        if enqueue.key is not null then
            select l.job_id into v_live_id from private.live_jobs as l
            where l.lane = coalesce(enqueue.user_id::text, 'system')
                and l.kind = enqueue.kind and l.key = v_key;
            if found then
                return v_live_id;
            end if;
        end if;
        insert into public.jobs (id, user_id, product_id, kind)
        values (v_job_id, enqueue.user_id, enqueue.product_id, enqueue.kind);
        exit when private.post(
            v_job_id, enqueue.user_id, enqueue.kind, v_key, enqueue.arguments,
            enqueue.delay_seconds
        );
        -- Another transaction was first with this key: take back ours and look for theirs, which
        -- may have ended already.
        delete from public.jobs where id = v_job_id;
    end loop;
    return v_job_id;
end;
$$;
comment on function private.enqueue is
'Adds a job in the caller''s transaction and returns its id; a live job of the same user, kind and
key is returned instead. Definer: it writes jobs and the queue, which its callers must not. Never
granted to an API role.';
grant execute on function private.enqueue to webhook;

create function private.end_job(
    job_id uuid, status text, error_code text default null, error_message text default null
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_live private.live_jobs;
begin
    select l.* into v_live from private.live_jobs as l where l.job_id = end_job.job_id;
    delete from private.messages as m
    where m.msg_id = v_live.msg_id and m.tableoid = ('pgmq.q_' || v_live.queue)::regclass;
    update public.jobs as j set
        status = end_job.status,
        stage = case end_job.status when 'succeeded' then 'done' else end_job.status end,
        progress = case end_job.status when 'succeeded' then 100 else j.progress end,
        error_code = end_job.error_code,
        error_message = end_job.error_message,
        finished_at = clock_timestamp()
    where j.id = end_job.job_id;
    if end_job.status <> 'failed' then
        delete from private.job_steps as s where s.job_id = end_job.job_id;
    elsif found then
        insert into private.dead_letters (job_id, lane, kind, key, arguments)
        values (v_live.job_id, v_live.lane, v_live.kind, v_live.key, v_live.arguments);
    end if;
    delete from private.live_jobs as l where l.job_id = end_job.job_id;
end;
$$;
comment on function private.end_job is
'Ends a live job whose message the caller has locked; a failed one keeps what redrive needs.';

create function private.bury(queue text, msg_id bigint, job_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_is_cancelled boolean;
begin
    select l.is_cancelled into v_is_cancelled
    from private.live_jobs as l where l.job_id = bury.job_id;
    if not found then
        perform pgmq.delete(bury.queue, bury.msg_id);
    elsif v_is_cancelled then
        perform private.end_job(bury.job_id, 'cancelled');
    else
        perform private.end_job(
            bury.job_id, 'failed', 'crashed',
            'This kept stopping unexpectedly, so we gave up on it. We have been told.'
        );
    end if;
end;
$$;
comment on function private.bury is
'Ends a job that a claim must not hand out again: cancelled, crashed too often, or its row is
gone.';

create function private.complete(queue text, msg_ids bigint[], read_cts integer[])
returns setof bigint
language plpgsql
volatile
security definer
set search_path = ''
-- As in a claim: the plan is kept, and must suit a million rows.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    with acknowledged as (
        delete from private.messages as m
        using unnest(complete.msg_ids, complete.read_cts) as t (msg_id, read_ct)
        where m.msg_id = t.msg_id and m.read_ct = t.read_ct
            and m.tableoid = ('pgmq.q_' || complete.queue)::regclass
        returning m.msg_id, (m.message ->> 'job_id')::uuid as job_id
    ), ended as (
        update public.jobs as j set
            status = 'succeeded', stage = 'done', progress = 100,
            error_code = null, error_message = null, finished_at = clock_timestamp()
        from acknowledged as a where j.id = a.job_id
    ), closed as (
        delete from private.live_jobs as l using acknowledged as a where l.job_id = a.job_id
    ), forgotten as (
        delete from private.job_steps as s using acknowledged as a where s.job_id = a.job_id
    )
    select a.msg_id from acknowledged as a;
end;
$$;
comment on function private.complete is
'Ends jobs as succeeded, in the transaction that saved their results; returns the messages that were
still ours.';

create function private.turn(
    queue text,
    msg_ids bigint[],
    read_cts integer[],
    quantity integer,
    lease_seconds integer,
    cursor text default '',
    busy_lanes text[] default '{}'
)
returns setof private.turn
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_row private.turn;
begin
    if cardinality(turn.msg_ids) > 0 then
        perform private.complete(turn.queue, turn.msg_ids, turn.read_cts);
    end if;
    for v_row in
        execute format('select * from private.%I($1, $2, $3, $4)', 'claim_' || turn.queue)
        using turn.quantity, turn.lease_seconds, turn.cursor, turn.busy_lanes
    loop
        if v_row.is_dead then
            perform private.bury(turn.queue, v_row.msg_id, v_row.job_id);
        else
            return next v_row;
        end if;
    end loop;
end;
$$;
comment on function private.turn is
'A worker''s turn at a queue: completes the messages it still holds, then leases up to `quantity`
due jobs for `lease_seconds`. Lanes take turns, those in `busy_lanes` sit out; `cursor` of the turn
before says whose turn it is. A job still marked as running lost its worker: that counts as a crash,
and the last one allowed fails it here, so that no payload can kill workers for ever. Definer, as
all of the protocol: workers have no table rights.';

create function private.claim(queue text, quantity integer, lease_seconds integer)
returns setof private.turn
language sql
volatile
security definer
set search_path = ''
begin atomic
    select * from private.turn(claim.queue, '{}', '{}', claim.quantity, claim.lease_seconds);
end;
comment on function private.claim is 'A turn that only claims.';

create function private.hold(queue text, msg_id bigint, read_ct integer default null)
returns private.live_jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_job_id uuid;
    v_live private.live_jobs;
begin
    select (m.message ->> 'job_id')::uuid into v_job_id from private.messages as m
    where m.msg_id = hold.msg_id and m.read_ct = coalesce(hold.read_ct, m.read_ct)
        and m.tableoid = ('pgmq.q_' || hold.queue)::regclass
    for update;
    -- A statement of its own: only so does it see what was committed while we waited.
    select l.* into v_live from private.live_jobs as l where l.job_id = v_job_id;
    return v_live;
end;
$$;
comment on function private.hold is
'Locks a message against claims and outcomes; the live job behind it, all null when its lease was
lost (or, asked without read_ct, the job has ended).';

create function private.is_held(queue text, msg_id bigint, read_ct integer)
returns uuid
language sql
volatile
security invoker
set search_path = ''
begin atomic
    select (private.hold(is_held.queue, is_held.msg_id, is_held.read_ct)).job_id;
end;
comment on function private.is_held is
'The job whose lease a transaction that saves results still holds; null when it was lost.';

create function private.put_back(queue text, msg_id bigint, delay_seconds double precision)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    -- The token ends here: a late heartbeat or a repeated call must not touch what was given back.
    update private.messages as m set
        vt = clock_timestamp() + make_interval(secs => put_back.delay_seconds),
        read_ct = m.read_ct + 1
    where m.msg_id = put_back.msg_id and m.tableoid = ('pgmq.q_' || put_back.queue)::regclass;
    if put_back.delay_seconds <= 0 then
        perform pg_notify('jobs', put_back.queue);
    end if;
end;
$$;
comment on function private.put_back is 'Makes a locked message due after a delay.';

create function private.retry(
    queue text,
    msg_id bigint,
    read_ct integer,
    error_code text,
    error_message text,
    after_seconds double precision default null
)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs := private.hold(retry.queue, retry.msg_id, retry.read_ct);
    v_kind private.job_kinds;
    v_failures integer;
    v_delay_seconds double precision;
begin
    if v_live.is_cancelled then
        perform private.end_job(v_live.job_id, 'cancelled');
        return 'cancelled';
    end if;
    update public.jobs as j set
        failures = j.failures + 1,
        status = 'queued',
        stage = 'retrying',
        error_code = retry.error_code,
        error_message = retry.error_message
    where j.id = v_live.job_id
    returning j.failures into v_failures;
    -- Not ours any more, or its product was deleted while this waited: a claim buries the message.
    if not found then
        return 'lost';
    end if;
    select k.* into v_kind from private.job_kinds as k where k.kind = v_live.kind;
    if v_failures >= v_kind.max_failures then
        perform private.end_job(v_live.job_id, 'failed', retry.error_code, retry.error_message);
        return 'failed';
    end if;
    -- Exponential backoff with ±25 % jitter, capped at an hour; never earlier than the other side
    -- asked.
    v_delay_seconds := least(3600, v_kind.backoff_seconds * 2 ^ (v_failures - 1))
        * (0.75 + 0.5 * random());
    perform private.put_back(
        retry.queue, retry.msg_id, greatest(v_delay_seconds, retry.after_seconds)
    );
    return 'queued';
end;
$$;
comment on function private.retry is
'Counts a failure and queues the job again after backoff (or `after_seconds`, if longer); the last
failure allowed is final. Returns queued, failed, cancelled, or lost when the lease was gone.';

create function private.fail_job(
    queue text, msg_id bigint, read_ct integer, error_code text, error_message text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs := private.hold(fail_job.queue, fail_job.msg_id, fail_job.read_ct);
begin
    perform private.end_job(v_live.job_id, 'failed', fail_job.error_code, fail_job.error_message);
    return v_live.job_id is not null;
end;
$$;
comment on function private.fail_job is
'Ends a job that no retry can help, with a code and a sentence for the user. False: the lease was
lost.';

create function private.release(queue text, msg_ids bigint[], read_cts integer[])
returns setof bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    return query
    with released as (
        update private.messages as m set vt = clock_timestamp(), read_ct = m.read_ct + 1
        from unnest(release.msg_ids, release.read_cts) as t (msg_id, read_ct)
        where m.msg_id = t.msg_id and m.read_ct = t.read_ct
            and m.tableoid = ('pgmq.q_' || release.queue)::regclass
        returning m.msg_id, (m.message ->> 'job_id')::uuid as job_id
    ), queued as (
        update public.jobs as j set status = 'queued', stage = 'queued'
        from released as r where j.id = r.job_id
    )
    select r.msg_id from released as r;
    perform pg_notify('jobs', release.queue);
end;
$$;
comment on function private.release is
'Hands jobs back at shutdown: due at once, no failure and no crash counted. Returns the messages
that were still ours.';

create function private.snooze(
    queue text, msg_id bigint, read_ct integer, delay_seconds double precision, stage text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs := private.hold(snooze.queue, snooze.msg_id, snooze.read_ct);
begin
    if v_live.is_cancelled then
        perform private.end_job(v_live.job_id, 'cancelled');
        return true;
    end if;
    update public.jobs set status = 'waiting', stage = snooze.stage where id = v_live.job_id;
    if not found then
        return false;
    end if;
    update private.live_jobs as l set is_woken = false
    where l.job_id = v_live.job_id and l.is_woken;
    perform private.put_back(
        snooze.queue, snooze.msg_id, case when v_live.is_woken then 0 else snooze.delay_seconds end
    );
    return true;
end;
$$;
comment on function private.snooze is
'Parks a job without a worker slot until the delay ends or private.wake is called; counts as no try.
False: the lease was lost.';

create function private.wake(job_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs;
    v_status text;
begin
    select l.* into v_live from private.live_jobs as l where l.job_id = wake.job_id;
    -- Without the message's lock this could end the lease of a worker that claims right now.
    v_live := private.hold(v_live.queue, v_live.msg_id);
    select j.status into v_status from public.jobs as j where j.id = v_live.job_id;
    if v_status = 'waiting' then
        perform private.put_back(v_live.queue, v_live.msg_id, 0);
        return true;
    end if;
    -- The event was faster than the job that is about to wait for it.
    update private.live_jobs as l set is_woken = true
    where l.job_id = v_live.job_id and v_status = 'running';
    return false;
end;
$$;
comment on function private.wake is
'Makes a parked job due now; one that still runs won''t sleep when it parks next. False: it is not
parked.';

create function private.extend(
    queue text, msg_ids bigint[], read_cts integer[], lease_seconds integer
)
returns table (msg_id bigint, is_cancelled boolean)
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    return query
    with extended as (
        update private.messages as m
        set vt = clock_timestamp() + make_interval(secs => extend.lease_seconds)
        from unnest(extend.msg_ids, extend.read_cts) as t (msg_id, read_ct)
        where m.msg_id = t.msg_id and m.read_ct = t.read_ct
            and m.tableoid = ('pgmq.q_' || extend.queue)::regclass
        returning m.msg_id, (m.message ->> 'job_id')::uuid as job_id
    )
    select e.msg_id, l.is_cancelled
    from extended as e inner join private.live_jobs as l on e.job_id = l.job_id;
end;
$$;
comment on function private.extend is
'Heartbeat of a worker: renews its leases in one statement. A message that is not returned was lost;
is_cancelled: stop it.';

create function private.progress(
    queue text, msg_id bigint, read_ct integer, stage text, progress integer
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs := private.hold(progress.queue, progress.msg_id, progress.read_ct);
begin
    update public.jobs as j set stage = progress.stage, progress = progress.progress
    where j.id = v_live.job_id;
    return found;
end;
$$;
comment on function private.progress is
'Shows the owner what the job does now and how far it is. False: the lease was lost.';

create function private.save_step(
    queue text, msg_id bigint, read_ct integer, name text, result jsonb
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs := private.hold(save_step.queue, save_step.msg_id, save_step.read_ct);
begin
    insert into private.job_steps (job_id, name, result)
    select v_live.job_id, save_step.name, save_step.result where v_live.job_id is not null
    on conflict on constraint job_steps_pkey do update set result = excluded.result;
    return found;
end;
$$;
comment on function private.save_step is
'Remembers a result that must not be paid for twice; the next try reads it. Derived data only.
False: the lease was lost.';

create function private.steps(job_id uuid)
returns table (name text, result jsonb)
language sql
stable
security definer
set search_path = ''
begin atomic
    select
        s.name,
        s.result
    from private.job_steps as s where s.job_id = steps.job_id;
end;
comment on function private.steps is 'What earlier tries of a job have saved.';

grant execute on function private.turn to worker;
grant execute on function private.claim to worker;
grant execute on function private.complete to worker;
grant execute on function private.retry to worker;
grant execute on function private.fail_job to worker;
grant execute on function private.release to worker;
grant execute on function private.snooze to worker;
grant execute on function private.wake to worker;
grant execute on function private.extend to worker;
grant execute on function private.progress to worker;
grant execute on function private.save_step to worker;
grant execute on function private.steps to worker;
grant execute on function private.enqueue to worker;
