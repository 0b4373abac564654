-- The job protocol: what a worker calls, and all it can call. A claim leases a message; its fencing
-- token (msg_id, read_ct) changes with every claim, so a worker that lost its lease changes
-- nothing.
-- Only columns that pgmq 1.5 to 1.13 share are used, by name.

create function private.lane_weight(user_id uuid)
returns integer
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    -- Doubles with each plan: its lane gets that many more turns where lanes compete.
    return (select 1 << p.rank from public.plans as p where p.id = private.plan_of(user_id));
end;
$$;
comment on function private.lane_weight is
'How many turns a user''s jobs get for one of a free user''s.';

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
    v_queue text;
    v_lane text := coalesce(enqueue.user_id::text, 'system');
    v_job_id uuid := gen_random_uuid();
    v_key text := coalesce(enqueue.key, v_job_id::text);
    v_live_id uuid;
    v_msg_id bigint;
begin
    select k.queue into strict v_queue from private.job_kinds as k where k.kind = enqueue.kind;
    loop
        select l.job_id into v_live_id from private.live_jobs as l
        where l.lane = v_lane and l.kind = enqueue.kind and l.key = v_key;
        if v_live_id is not null then
            return v_live_id;
        end if;
        insert into public.jobs (id, user_id, product_id, kind)
        values (v_job_id, enqueue.user_id, enqueue.product_id, enqueue.kind);
        select s into v_msg_id from pgmq.send(
            v_queue,
            jsonb_build_object('job_id', v_job_id),
            jsonb_build_object('lane', v_lane, 'weight', private.lane_weight(enqueue.user_id)),
            enqueue.delay_seconds
        ) as s;
        insert into private.live_jobs (job_id, queue, msg_id, lane, kind, key, arguments)
        values (v_job_id, v_queue, v_msg_id, v_lane, enqueue.kind, v_key, enqueue.arguments)
        on conflict on constraint live_jobs_lane_kind_key_key do nothing;
        exit when found;
        -- Another transaction was first with this key: take back ours and look for theirs, which
        -- may have ended already.
        perform pgmq.delete(v_queue, v_msg_id);
        delete from public.jobs where id = v_job_id;
    end loop;
    perform pg_notify('jobs', v_queue);
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
begin
    update public.jobs as j set
        status = end_job.status,
        stage = case end_job.status when 'succeeded' then 'done' else end_job.status end,
        progress = case end_job.status when 'succeeded' then 100 else j.progress end,
        error_code = end_job.error_code,
        error_message = end_job.error_message,
        finished_at = clock_timestamp()
    where j.id = end_job.job_id;
    insert into private.dead_letters (job_id, lane, kind, key, arguments)
    select l.job_id, l.lane, l.kind, l.key, l.arguments
    from private.live_jobs as l
    where l.job_id = end_job.job_id and end_job.status = 'failed';
    delete from private.job_steps as s
    where s.job_id = end_job.job_id and end_job.status <> 'failed';
    delete from private.live_jobs as l where l.job_id = end_job.job_id;
end;
$$;
comment on function private.end_job is
'Closes a job whose message the caller has just deleted; a failed one keeps what redrive needs.';

create function private.bury(queue text, msg_id bigint, job_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform pgmq.delete(bury.queue, bury.msg_id);
    if exists (
        select from private.live_jobs as l where l.job_id = bury.job_id and l.is_cancelled
    ) then
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

create function private.turn(
    queue text,
    msg_ids bigint[],
    read_cts integer[],
    quantity integer,
    lease_seconds integer,
    cursor text default ''
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
    for v_row in
        execute format('select * from private.%I($1, $2, $3, $4, $5)', 'turn_' || turn.queue)
        using turn.msg_ids, turn.read_cts, turn.quantity, turn.lease_seconds, turn.cursor
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
'A worker''s turn at a queue: acknowledges the messages it still holds as succeeded (rows with
is_completed), then leases up to `quantity` due jobs for `lease_seconds`. Lanes take turns; `cursor`
of the turn before says whose turn it is. A job still marked as running lost its worker: that counts
as a crash, and the last one allowed fails it here, so that no payload can kill workers for ever.
Definer, as all of the protocol: workers have no table rights.';

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

create function private.complete(queue text, msg_ids bigint[], read_cts integer[])
returns setof bigint
language sql
volatile
security definer
set search_path = ''
begin atomic
    select t.msg_id
    from private.turn(complete.queue, complete.msg_ids, complete.read_cts, 0, 0) as t;
end;
comment on function private.complete is
'A turn that only acknowledges, in the transaction that saved the results; returns the messages that
were still ours.';

create function private.is_held(queue text, msg_id bigint, read_ct integer)
returns uuid
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_job_id uuid;
begin
    execute format(
        'select l.job_id from pgmq.%I as m
        inner join private.live_jobs as l on l.job_id = (m.message ->> ''job_id'')::uuid
        where m.msg_id = $1 and m.read_ct = $2 for update of m', 'q_' || is_held.queue
    ) into v_job_id using is_held.msg_id, is_held.read_ct;
    return v_job_id;
end;
$$;
comment on function private.is_held is
'The job behind a fencing token, its message locked; null when the lease was lost.';

create function private.lock_message(queue text, msg_id bigint)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_is_there boolean;
begin
    execute format(
        'select true from pgmq.%I where msg_id = $1 for update', 'q_' || lock_message.queue
    )
    into v_is_there using lock_message.msg_id;
    return coalesce(v_is_there, false);
end;
$$;
comment on function private.lock_message is
'Waits for whoever claims or ends the job behind a message, then keeps others out. False: the job
has ended.';

create function private.put_back(
    queue text, msg_id bigint, delay_seconds double precision
)
returns timestamptz
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_due_at timestamptz := clock_timestamp() + make_interval(secs => put_back.delay_seconds);
begin
    -- The token ends here: a late heartbeat or a repeated call must not touch what was given back.
    execute format(
        'update pgmq.%I set vt = $1, read_ct = read_ct + 1 where msg_id = $2',
        'q_' || put_back.queue
    ) using v_due_at, put_back.msg_id;
    if put_back.delay_seconds <= 0 then
        perform pg_notify('jobs', put_back.queue);
    end if;
    return v_due_at;
end;
$$;
comment on function private.put_back is 'Makes a locked message due after a delay; returns when.';

create function private.stop_if_cancelled(queue text, msg_id bigint, job_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    if not exists (
        select from private.live_jobs as l
        where l.job_id = stop_if_cancelled.job_id and l.is_cancelled
    ) then
        return false;
    end if;
    perform pgmq.delete(stop_if_cancelled.queue, stop_if_cancelled.msg_id);
    perform private.end_job(stop_if_cancelled.job_id, 'cancelled');
    return true;
end;
$$;
comment on function private.stop_if_cancelled is
'Ends a job, its message locked, that was to be given back although its user has cancelled it
meanwhile.';

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
    v_job_id uuid := private.is_held(retry.queue, retry.msg_id, retry.read_ct);
    v_kind private.job_kinds;
    v_failures integer;
    v_delay_seconds double precision;
begin
    if v_job_id is null then
        return 'lost';
    end if;
    if private.stop_if_cancelled(retry.queue, retry.msg_id, v_job_id) then
        return 'cancelled';
    end if;
    select k.* into v_kind
    from private.live_jobs as l inner join private.job_kinds as k on l.kind = k.kind
    where l.job_id = v_job_id;
    update public.jobs as j set
        failures = j.failures + 1,
        status = 'queued',
        stage = 'retrying',
        error_code = retry.error_code,
        error_message = retry.error_message
    where j.id = v_job_id
    returning j.failures into v_failures;
    -- Its product was deleted while this waited: the job is gone, its message buried by a claim.
    if not found then
        return 'lost';
    end if;
    if v_failures >= v_kind.max_failures then
        perform pgmq.delete(retry.queue, retry.msg_id);
        perform private.end_job(v_job_id, 'failed', retry.error_code, retry.error_message);
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
    v_job_id uuid := private.is_held(fail_job.queue, fail_job.msg_id, fail_job.read_ct);
begin
    if v_job_id is null then
        return false;
    end if;
    perform pgmq.delete(fail_job.queue, fail_job.msg_id);
    perform private.end_job(v_job_id, 'failed', fail_job.error_code, fail_job.error_message);
    return true;
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
    return query execute format(
        'with released as (
            update pgmq.%I as m set vt = clock_timestamp(), read_ct = m.read_ct + 1
            from unnest($1, $2) as t (msg_id, read_ct)
            where m.msg_id = t.msg_id and m.read_ct = t.read_ct
            returning m.msg_id, (m.message ->> ''job_id'')::uuid as job_id
        ), queued as (
            update public.jobs as j set status = ''queued'', stage = ''queued''
            from released as r where j.id = r.job_id
        )
        select r.msg_id from released as r',
        'q_' || release.queue
    ) using release.msg_ids, release.read_cts;
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
    v_job_id uuid := private.is_held(snooze.queue, snooze.msg_id, snooze.read_ct);
    v_is_woken boolean;
begin
    if v_job_id is null then
        return false;
    end if;
    if private.stop_if_cancelled(snooze.queue, snooze.msg_id, v_job_id) then
        return true;
    end if;
    update public.jobs set status = 'waiting', stage = snooze.stage where id = v_job_id;
    select l.is_woken into v_is_woken from private.live_jobs as l where l.job_id = v_job_id;
    if v_is_woken then
        update private.live_jobs as l set is_woken = false where l.job_id = v_job_id;
    end if;
    perform private.put_back(
        snooze.queue, snooze.msg_id, case when v_is_woken then 0 else snooze.delay_seconds end
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
    if not found or not private.lock_message(v_live.queue, v_live.msg_id) then
        return false;
    end if;
    -- A statement of its own: only so does it see what was committed while we waited.
    select j.status into v_status from public.jobs as j where j.id = wake.job_id;
    if v_status = 'waiting' then
        perform private.put_back(v_live.queue, v_live.msg_id, 0);
    elsif v_status = 'running' then
        -- The event was faster than the job that is about to wait for it.
        update private.live_jobs as l set is_woken = true where l.job_id = wake.job_id;
    end if;
    return v_status = 'waiting';
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
    return query execute format(
        'with extended as (
            update pgmq.%I as m set vt = clock_timestamp() + make_interval(secs => $3)
            from unnest($1, $2) as t (msg_id, read_ct)
            where m.msg_id = t.msg_id and m.read_ct = t.read_ct
            returning m.msg_id, (m.message ->> ''job_id'')::uuid as job_id
        )
        select e.msg_id, l.is_cancelled
        from extended as e inner join private.live_jobs as l on e.job_id = l.job_id',
        'q_' || extend.queue
    ) using extend.msg_ids, extend.read_cts, extend.lease_seconds;
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
    v_job_id uuid := private.is_held(progress.queue, progress.msg_id, progress.read_ct);
begin
    update public.jobs as j set stage = progress.stage, progress = progress.progress
    where j.id = v_job_id;
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
    v_job_id uuid := private.is_held(save_step.queue, save_step.msg_id, save_step.read_ct);
begin
    if v_job_id is null then
        return false;
    end if;
    insert into private.job_steps (job_id, name, result)
    values (v_job_id, save_step.name, save_step.result)
    on conflict on constraint job_steps_pkey do update set result = excluded.result;
    return true;
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
grant execute on function private.wake to webhook;
grant execute on function private.extend to worker;
grant execute on function private.progress to worker;
grant execute on function private.save_step to worker;
grant execute on function private.steps to worker;
grant execute on function private.enqueue to worker;
