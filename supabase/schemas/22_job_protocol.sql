-- The job protocol: all that a worker can call, what adds jobs, and what users and operators do
-- with them. A claim leases a message; its fencing token (msg_id, read_ct) changes with every claim
-- and every giving back, so a worker that lost its lease changes nothing.

create function private.call_workers(queue text, lanes text[])
returns void
language plpgsql
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('jobs', call_workers.queue)
    where exists (
        select from private.waiting_workers as w
        where w.queue = call_workers.queue and w.ends_at > clock_timestamp()
            and not call_workers.lanes <@ w.busy_lanes
    );
end;
$$;
comment on function private.call_workers is
'Notifies workers of new jobs in these lanes, if a worker waits for them. PostgreSQL sends it at
commit; commits that notify wait for each other.';

create function private.wait_for_jobs(queue text, worker uuid, busy_lanes text[])
returns void
language plpgsql
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.waiting_workers as w (queue, worker, busy_lanes, ends_at)
    values (queue, worker, busy_lanes, clock_timestamp() + interval '30 seconds')
    on conflict on constraint waiting_workers_pkey do update
    set busy_lanes = excluded.busy_lanes, ends_at = excluded.ends_at
    where w.ends_at < clock_timestamp() + interval '15 seconds'
        or w.busy_lanes <> excluded.busy_lanes;
    if found then
        delete from private.waiting_workers as w where (w.queue, w.worker) in (
            select d.queue, d.worker from private.waiting_workers as d
            where d.ends_at < clock_timestamp() - interval '10 minutes' for update skip locked
        );
    end if;
end;
$$;
comment on function private.wait_for_jobs is
'Notes that a worker wants to be told of jobs, not of those in `busy_lanes`; forgets dead workers.';

create function private.post(
    job_id uuid, lane text, kind text, key text, arguments jsonb, steps jsonb, delay_seconds integer
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue text;
    v_weight integer := private.lane_weight(nullif(post.lane, 'system')::uuid);
    v_msg_id bigint;
begin
    select k.queue into strict v_queue from private.job_kinds as k where k.kind = post.kind;
    v_msg_id := private.add_message(
        v_queue,
        jsonb_build_object('job_id', post.job_id),
        jsonb_build_object('lane', post.lane, 'weight', v_weight),
        clock_timestamp() + make_interval(secs => post.delay_seconds)
    );
    insert into private.live_jobs (job_id, queue, msg_id, lane, kind, key, arguments, steps)
    values (job_id, v_queue, v_msg_id, lane, kind, key, arguments, steps)
    on conflict on constraint live_jobs_lane_kind_key_key do nothing;
    if found then
        perform private.call_workers(v_queue, array[post.lane]) where post.delay_seconds <= 0;
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
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid := gen_random_uuid();
    v_lane text := coalesce(enqueue.user_id::text, 'system');
    v_live_id uuid;
begin
    loop
        -- Planned for a null key this would find nothing, so cheaply that no plan would be kept.
        if enqueue.key is not null then
            select l.job_id into v_live_id from private.live_jobs as l
            where l.lane = v_lane and l.kind = enqueue.kind and l.key = enqueue.key;
            if found then
                return v_live_id;
            end if;
        end if;
        insert into public.jobs (id, user_id, product_id, kind)
        values (v_job_id, enqueue.user_id, enqueue.product_id, enqueue.kind);
        if private.post(v_job_id, v_lane, kind, key, arguments, null, delay_seconds) then
            return v_job_id;
        end if;
        -- Another transaction was first with this key: take back ours and look for theirs, which
        -- may have ended already.
        delete from public.jobs where id = v_job_id;
    end loop;
end;
$$;
comment on function private.enqueue is
'Adds a job in the caller''s transaction and returns its id; a live job of the same user, kind and
key is returned instead. Granted to no login: who can queue anything can queue the erasure of any
account. Each use has a function of its own that calls it.';

create function private.complete(
    queue text,
    msg_ids bigint[],
    read_cts integer[],
    outcome text default 'succeeded',
    error_code text default null,
    error_message text default null
)
returns setof bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- As in a claim: the plan is kept, and must suit a million rows.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
    -- Each part takes from the one before, and so locks in the one order.
    return query
    with acknowledged as (
        delete from private.messages as m
        using unnest(complete.msg_ids, complete.read_cts) as t (msg_id, read_ct)
        where m.msg_id = t.msg_id and m.read_ct = t.read_ct
            and m.tableoid = ('pgmq.q_' || complete.queue)::regclass
        returning m.msg_id, (m.message ->> 'job_id')::uuid as job_id
    ), ended as (
        update public.jobs as j set
            status = complete.outcome,
            stage = case complete.outcome when 'succeeded' then 'done' else complete.outcome end,
            progress = case complete.outcome when 'succeeded' then 100 else j.progress end,
            error_code = case complete.outcome when 'failed' then complete.error_code end,
            error_message = case complete.outcome when 'failed' then complete.error_message end,
            finished_at = clock_timestamp()
        from acknowledged as a where j.id = a.job_id
        returning j.id
    ), closed as (
        delete from private.live_jobs as l using ended as e where l.job_id = e.id
        returning l.job_id, l.lane, l.kind, l.key, l.arguments, l.steps, l.is_redriven
    ), buried as (
        insert into private.dead_letters (
            job_id, lane, kind, key, arguments, steps, is_redriven
        )
        select c.* from closed as c where complete.outcome = 'failed'
    )
    select a.msg_id from acknowledged as a;
end;
$$;
comment on function private.complete is
'Ends jobs: as succeeded, in the transaction that saved their results; or as failed, with a code and
a sentence for the user, keeping what private.redrive needs; or as cancelled. Returns the messages
that were still ours.';
grant execute on function private.complete to worker;

create function private.claim(
    queue text,
    quantity integer,
    lease_seconds integer,
    cursor text default '',
    busy_lanes text[] default '{}',
    msg_ids bigint[] default '{}',
    read_cts integer[] default '{}',
    worker uuid default null
)
returns setof private.turn
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_turn private.turn;
    v_claimed integer := 0;
begin
    perform private.complete(queue, msg_ids, read_cts) where msg_ids <> '{}';
    for v_turn in
        execute format('select * from private.%I($1, $2, $3, $4)', 'claim_' || queue)
        using quantity, lease_seconds, cursor, busy_lanes
    loop
        v_claimed := v_claimed + 1;
        if v_turn.ending is null then
            return next v_turn;
        else
            perform private.complete(
                queue, array[v_turn.msg_id], array[v_turn.read_ct], v_turn.ending, 'crashed',
                'This kept stopping unexpectedly, so we gave up on it. We have been told.'
            );
        end if;
    end loop;
    if worker is not null and v_claimed = 0 and quantity > 0 then
        perform private.wait_for_jobs(queue, worker, busy_lanes);
    elsif worker is not null and v_claimed > 0 and v_claimed < quantity then
        update private.waiting_workers as w set ends_at = clock_timestamp()
        where w.queue = claim.queue and w.worker = claim.worker and w.ends_at > clock_timestamp();
    end if;
end;
$$;
comment on function private.claim is
'A worker''s turn at a queue: completes the messages it still holds, then leases up to `quantity`
due jobs for `lease_seconds`. Lanes take turns, those in `busy_lanes` sit out; `cursor` of the turn
before says whose turn it is. A job still marked as running lost its worker: that counts as a crash,
and the last one allowed fails it here, so that no payload can kill workers for ever. A `worker` that
finds nothing is notified of jobs from then on. It looks again soon, because jobs added in that
moment notify nobody. A worker that finds fewer jobs than it has room for looks again unasked.
Definer, as all of the protocol: workers have no table rights.';
grant execute on function private.claim to worker;

create function private.hold(queue text, msg_id bigint, read_ct integer default null)
returns private.live_jobs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid;
begin
    select (m.message ->> 'job_id')::uuid into v_job_id from private.messages as m
    where m.msg_id = hold.msg_id and m.read_ct = coalesce(hold.read_ct, m.read_ct)
        and m.tableoid = ('pgmq.q_' || hold.queue)::regclass
    for update;
    -- A statement of its own: only so does it see what was committed while we waited.
    return (select l from private.live_jobs as l where l.job_id = v_job_id);
end;
$$;
comment on function private.hold is
'Locks a message against claims and outcomes; the live job behind it, all null when its lease was
lost (or, asked without read_ct, the job has ended).';

create function private.snooze(
    queue text,
    msg_id bigint,
    read_ct integer,
    delay_seconds double precision,
    stage text,
    status text default 'waiting'
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := private.hold(snooze.queue, snooze.msg_id, snooze.read_ct);
    v_is_due boolean := v_live.is_woken and snooze.status = 'waiting';
    v_delay_seconds double precision := case when v_is_due then 0 else delay_seconds end;
    v_now timestamptz := clock_timestamp();
begin
    if v_live.is_cancelled then
        perform private.complete(queue, array[msg_id], array[read_ct], 'cancelled');
        return 'cancelled';
    end if;
    update public.jobs as j set status = snooze.status, stage = snooze.stage
    where j.id = v_live.job_id;
    -- Not ours any more, or its product was deleted while this waited: a claim removes the message.
    if not found then
        return null;
    end if;
    update private.live_jobs as l set is_woken = false where l.job_id = v_live.job_id and v_is_due;
    -- The token ends here: a late heartbeat or a repeated call must not touch what was given back.
    update private.messages as m set
        vt = v_now + make_interval(secs => v_delay_seconds),
        enqueued_at = v_now,
        read_ct = m.read_ct + 1
    where m.msg_id = snooze.msg_id and m.tableoid = ('pgmq.q_' || snooze.queue)::regclass;
    perform private.call_workers(snooze.queue, array[v_live.lane]) where v_delay_seconds <= 0;
    return snooze.status;
end;
$$;
comment on function private.snooze is
'Gives a job back without counting a try: waiting, without a worker slot, until the delay ends or
private.wake is called; or queued, as a worker that stops does. One that its user cancelled ends.
Returns its status, or null when the lease was lost.';
grant execute on function private.snooze to worker;

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
set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := private.hold(retry.queue, retry.msg_id, retry.read_ct);
    v_is_last boolean;
    v_delay_seconds double precision;
begin
    -- Exponential backoff with ±25 % jitter, capped at an hour; never earlier than the other side
    -- asked.
    update public.jobs as j set
        failures = j.failures + 1,
        error_code = retry.error_code,
        error_message = retry.error_message
    from private.job_kinds as k
    where j.id = v_live.job_id and k.kind = v_live.kind and not v_live.is_cancelled
    returning j.failures >= k.max_failures, greatest(
        retry.after_seconds,
        least(3600, k.backoff_seconds * 2 ^ (j.failures - 1)) * (0.75 + 0.5 * random())
    ) into v_is_last, v_delay_seconds;
    if v_is_last then
        perform private.complete(
            queue, array[msg_id], array[read_ct], 'failed', error_code, error_message
        );
        return 'failed';
    end if;
    return private.snooze(queue, msg_id, read_ct, v_delay_seconds, 'retrying', 'queued');
end;
$$;
comment on function private.retry is
'Counts a failure and queues the job again after backoff (or `after_seconds`, if longer); the last
failure allowed is final. Returns queued, failed, cancelled, or null when the lease was lost.';
grant execute on function private.retry to worker;

create function private.wake(job_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Without the message's lock this could end the lease of a worker that claims right now.
    v_live private.live_jobs := (
        select private.hold(l.queue, l.msg_id) from private.live_jobs as l
        where l.job_id = wake.job_id
    );
    v_status text := (select j.status from public.jobs as j where j.id = v_live.job_id);
    v_now timestamptz := clock_timestamp();
begin
    update private.messages as m set vt = v_now, enqueued_at = v_now
    where m.msg_id = v_live.msg_id and m.tableoid = ('pgmq.q_' || v_live.queue)::regclass
        and v_status = 'waiting';
    perform private.call_workers(v_live.queue, array[v_live.lane]) where v_status = 'waiting';
    -- The event was faster than the job that is about to wait for it.
    update private.live_jobs as l set is_woken = true
    where l.job_id = v_live.job_id and v_status = 'running';
    return coalesce(v_status = 'waiting', false);
end;
$$;
comment on function private.wake is
'Makes a parked job due now; one that still runs won''t sleep when it parks next. False: it is not
parked.';

create function private.extend(
    queue text, msg_ids bigint[], read_cts integer[], lease_seconds integer
)
returns table (msg_id bigint, is_cancelled boolean)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    update private.messages as m
    set vt = clock_timestamp() + make_interval(secs => extend.lease_seconds)
    from unnest(extend.msg_ids, extend.read_cts) as t (msg_id, read_ct), private.live_jobs as l
    where m.msg_id = t.msg_id and m.read_ct = t.read_ct
        and m.tableoid = ('pgmq.q_' || extend.queue)::regclass
        and l.job_id = (m.message ->> 'job_id')::uuid
    returning m.msg_id, l.is_cancelled
$$;
comment on function private.extend is
'Heartbeat of a worker: renews its leases in one statement. A message that is not returned was lost.
is_cancelled: stop it.';
grant execute on function private.extend to worker;

create function private.progress(
    queue text, msg_id bigint, read_ct integer, stage text, progress integer
)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    update public.jobs as j set stage = progress.stage, progress = progress.progress
    from private.hold(progress.queue, progress.msg_id, progress.read_ct) as h
    where j.id = h.job_id
    returning true
$$;
comment on function private.progress is
'Shows the owner what the job does now and how far it is. Null: the lease was lost.';
grant execute on function private.progress to worker;

create function private.save_step(
    queue text, msg_id bigint, read_ct integer, name text, result jsonb
)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    update private.live_jobs as l
    set steps = coalesce(l.steps, '{}') || jsonb_build_object(name, result)
    from private.hold(save_step.queue, save_step.msg_id, save_step.read_ct) as h
    where l.job_id = h.job_id
    returning true
$$;
comment on function private.save_step is
'Remembers a result that must not be paid for twice; the claim of the next try hands it out. Derived
data only. Null: the lease was lost.';
grant execute on function private.save_step to worker;

create function private.cancel_own_job(job_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- The message's lock decides between this and a claim, and this and the job's end.
    v_live private.live_jobs := (
        select private.hold(l.queue, l.msg_id) from private.live_jobs as l
        where l.job_id = cancel_own_job.job_id and l.lane = auth.uid()::text
    );
begin
    update private.live_jobs as l set is_cancelled = true from public.jobs as j
    where l.job_id = v_live.job_id and l.job_id = j.id and j.status = 'running';
    if found then
        perform pg_notify('job_cancelled', v_live.job_id::text);
    else
        perform private.complete(v_live.queue, array[m.msg_id], array[m.read_ct], 'cancelled')
        from private.messages as m
        where m.msg_id = v_live.msg_id and m.tableoid = ('pgmq.q_' || v_live.queue)::regclass;
    end if;
end;
$$;
comment on function private.cancel_own_job is
'Cancels the caller''s job: at once if it waits, through its worker if it runs; a finished one stays
as it is. Definer: it deletes from the queue. Identity comes from the token.';
grant execute on function private.cancel_own_job to authenticated;

create function public.cancel_job(job_id uuid)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job public.jobs;
begin
    perform private.cancel_own_job(cancel_job.job_id);
    select j.* into v_job from public.jobs as j where j.id = cancel_job.job_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such job.');
    end if;
    return v_job;
end;
$$;
comment on function public.cancel_job is
'Cancels one of the caller''s jobs and returns it: a queued one at once, a running one within a
second.

What has begun counts against the plan although it is cancelled; what has not is given back.
Errors: 404 not_found.';
grant execute on function public.cancel_job to authenticated;

create function private.redrive(job_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_dead private.dead_letters;
begin
    -- The job before its letter, as pruning locks them.
    perform from public.jobs as j where j.id = redrive.job_id for update;
    select d.* into v_dead from private.dead_letters as d
    where d.job_id = redrive.job_id for update;
    -- Its user may have started the same work again since.
    if not found or not private.post(
        v_dead.job_id, v_dead.lane, v_dead.kind, v_dead.key, v_dead.arguments, v_dead.steps, 0
    ) then
        return false;
    end if;
    update public.jobs as j set
        status = 'queued', stage = 'queued', failures = 0, crashes = 0, finished_at = null
    where j.id = redrive.job_id;
    update private.live_jobs as l set is_redriven = true where l.job_id = redrive.job_id;
    delete from private.dead_letters as d where d.job_id = redrive.job_id;
    return true;
end;
$$;
comment on function private.redrive is
'Brings a failed job back with its steps, its tries counted anew. False: it isn''t in the dead
letters, or its user has started the same work again meanwhile. For operators.';

create function private.queue_metrics()
returns table (
    queue text, is_paused boolean, due bigint, messages bigint, oldest_due_seconds double precision,
    dead_rows bigint, dead_letters bigint
)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    for queue, is_paused, dead_letters in
        select q.queue, q.is_paused, (
            select count(*) from private.dead_letters as d
            inner join private.job_kinds as k on d.kind = k.kind where k.queue = q.queue
        )
        from private.queues as q order by q.queue
    loop
        -- Counting stops at 1,000: a number to act on, in milliseconds even at a million rows.
        execute format(
            'select count(*), extract(epoch from statement_timestamp() - min(vt)),
                pg_stat_get_live_tuples($1), pg_stat_get_dead_tuples($1)
            from (
                select vt from pgmq.%I where vt <= statement_timestamp() order by vt limit 1000
            ) as due',
            'q_' || queue
        ) into due, oldest_due_seconds, messages, dead_rows
        using ('pgmq.q_' || queue)::regclass;
        return next;
    end loop;
end;
$$;
comment on function private.queue_metrics is
'Each queue''s state: due messages (counted up to 1,000), all messages (estimated), how long the
oldest due one has waited, dead rows awaiting vacuum, failed jobs that could be redriven.';
