-- The job protocol: what adds jobs, and what workers, users and operators do with them. The claim
-- is in 21_queues.sql. Glossary:
--   job            background work: a row of public.jobs, and of private.live_jobs until it ends
--   message        the queue's entry of an unfinished job, in pgmq.q_jobs; carries ids only
--   queue          a logical queue: kinds of jobs that workers choose, pause and measure together
--   tenant         the fairness key: the account whose work it is, or "system"
--   weight         how many jobs in a row a tenant gets when tenants take turns; plans differ
--   claim          a worker leases due messages
--   cursor         what a worker hands from one claim to the next: whose turn it is, where to scan
--   lease          a worker's right to a message until vt; heartbeats renew it (private.extend)
--   fencing token  (msg_id, read_ct): each claim and each giving back changes it; a worker that
--                  lost its lease names an old one, and changes nothing
--   attempt        one run of a job; failures (errors) and crashes (vanished workers) count apart
--   snooze         a job waits for a time or an event; no attempt counts
--   retry          a failed attempt counts, and the job queues again after a backoff
--   release        a worker that stops queues its job again; no attempt counts
--   wake           an event makes a snoozed job due now
--   step           a result that must not be paid for twice, kept until the job ends
--   dead letter    what a failed job needs to come back (private.redrive)
--   trace          the traceparent of the request that added the job, in its message's headers
--   semaphore      a bound on jobs that use an outside service at once (23_job_operations.sql)

create function private.call_workers(queue text, tenants text[])
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('jobs', call_workers.queue)
    where exists (
        select from private.waiting_workers as w
        where w.queue = call_workers.queue and w.ends_at > clock_timestamp()
            and not call_workers.tenants <@ w.busy_tenants
    );
end;
$$;
comment on function private.call_workers is
'Notifies workers of due jobs of these tenants, if a worker waits for any of them. PostgreSQL
notifies at commit.';

create function private.register_waiting_worker(queue text, worker uuid, busy_tenants text[])
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.waiting_workers as w (queue, worker, busy_tenants, ends_at)
    values (queue, worker, busy_tenants, clock_timestamp() + interval '30 seconds')
    on conflict on constraint waiting_workers_pkey do update
    set busy_tenants = excluded.busy_tenants, ends_at = excluded.ends_at
    where w.ends_at < clock_timestamp() + interval '15 seconds'
        or w.busy_tenants <> excluded.busy_tenants;
    if found then
        delete from private.waiting_workers as w where (w.queue, w.worker) in (
            select d.queue, d.worker from private.waiting_workers as d
            where d.ends_at < clock_timestamp() - interval '10 minutes' for update skip locked
        );
    end if;
end;
$$;
comment on function private.register_waiting_worker is
'Notes that a worker waits and must be notified of jobs, but not of those of `busy_tenants`. Returns
at once. Forgets dead workers.';

create function private.message_headers(queue text, tenant text)
returns jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- The weight doubles with each rank.
    v_weight integer := (
        select 1 << p.rank from public.plans as p
        where tenant <> 'system' and p.id = private.plan_of(nullif(tenant, 'system')::uuid)
    );
begin
    return jsonb_build_object('queue', queue, 'tenant', tenant, 'weight', v_weight);
end;
$$;
comment on function private.message_headers is
'The headers of a job''s message. The plan gives the weight: 1 on the free plan. A null weight, as
of the system, counts as 1.';

create function private.request_trace()
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select v.header
    from (values (
        nullif(current_setting('request.headers', true), '')::jsonb ->> 'traceparent'
    )) as v (header)
    where length(v.header) = 55 and v.header ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'
        and substr(v.header, 4, 32) <> repeat('0', 32)
        and substr(v.header, 37, 16) <> repeat('0', 16)
$$;
comment on function private.request_trace is
'The traceparent (W3C Trace Context, version 00) of the request; null without a valid one. A client
may choose it: it joins log lines and spans, and decides nothing.';

create function private.enqueue(
    kind text, user_id uuid, product_id uuid default null, key text default null,
    arguments jsonb default '{}', steps jsonb default null, job_id uuid default gen_random_uuid()
)
returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant text := coalesce(enqueue.user_id::text, 'system');
    v_trace text := private.request_trace();
    v_queue text;
    v_live_id uuid;
    v_is_new boolean;
    v_now timestamptz;
    v_msg_id bigint;
begin
    select k.queue into strict v_queue from private.job_kinds as k where k.kind = enqueue.kind;
    loop
        -- A look-up with a null key finds nothing. Its custom plans cost next to nothing, so Postgres
        -- would never choose the generic plan, and would plan at each call.
        if enqueue.key is not null then
            select l.job_id into v_live_id from private.live_jobs as l
            where l.tenant = v_tenant and l.kind = enqueue.kind and l.key = enqueue.key;
            if found then
                return v_live_id;
            end if;
        end if;
        insert into public.jobs (id, user_id, product_id, kind)
        values (enqueue.job_id, enqueue.user_id, enqueue.product_id, enqueue.kind)
        on conflict on constraint jobs_pkey do nothing;
        v_is_new := found;
        -- As pgmq.send does, which plans its statement at each call. The transaction has
        -- its id already, from an earlier write. Scans rely on an id that is older than the message.
        v_now := clock_timestamp();
        insert into pgmq.q_jobs (message, headers, vt, enqueued_at)
        values (
            jsonb_build_object('job_id', enqueue.job_id),
            private.message_headers(v_queue, v_tenant)
            || case when v_trace is null then '{}' else jsonb_build_object('trace', v_trace) end,
            v_now, v_now
        )
        returning msg_id into v_msg_id;
        insert into private.live_jobs (job_id, msg_id, tenant, kind, key, arguments, steps)
        values (
            enqueue.job_id, v_msg_id, v_tenant, enqueue.kind, enqueue.key, enqueue.arguments,
            enqueue.steps
        )
        on conflict on constraint live_jobs_tenant_kind_key_key do nothing;
        if found then
            perform private.call_workers(v_queue, array[v_tenant]);
            return enqueue.job_id;
        end if;
        -- Another transaction was first with this key: take back ours and look for theirs, which
        -- may have ended already.
        delete from pgmq.q_jobs as m where m.msg_id = v_msg_id;
        delete from public.jobs as j where j.id = enqueue.job_id and v_is_new;
    end loop;
end;
$$;
comment on function private.enqueue is
'Adds a job in the caller''s transaction and returns its id. A live job of the same user, kind and
key is returned instead. A `job_id` that public.jobs has already is queued again. No login may call
it: who can queue anything can queue the erasure of any account. Each use has a function of its own
that calls it.';

create function private.end_job(
    job_id uuid, outcome text, error_code text default null, error_message text default null
)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    update public.jobs as j set
        status = end_job.outcome,
        stage = case end_job.outcome when 'succeeded' then 'done' else end_job.outcome end,
        progress = case end_job.outcome when 'succeeded' then 100 else j.progress end,
        error_code = case end_job.outcome when 'failed' then end_job.error_code end,
        error_message = case end_job.outcome when 'failed' then end_job.error_message end,
        finished_at = clock_timestamp()
    where j.id = end_job.job_id;
    with closed as (
        delete from private.live_jobs as l where l.job_id = end_job.job_id
        returning l.job_id, l.tenant, l.kind, l.key, l.arguments, l.steps, l.is_redriven
    )
    insert into private.dead_letters (job_id, tenant, kind, key, arguments, steps, is_redriven)
    select c.* from closed as c where end_job.outcome = 'failed';
end;
$$;
comment on function private.end_job is
'Ends a job whose message the caller has deleted. A failed one keeps what private.redrive needs.';

create function private.complete(
    msg_id bigint, read_ct integer, outcome text default 'succeeded', error_code text default null,
    error_message text default null
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- As in private.claim: the plans are kept, and must suit a million rows.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_job_id uuid;
begin
    delete from pgmq.q_jobs as m
    where m.msg_id = complete.msg_id and m.read_ct = complete.read_ct
    returning (m.message ->> 'job_id')::uuid into v_job_id;
    if not found then
        return null;
    end if;
    perform private.end_job(v_job_id, outcome, error_code, error_message);
    return true;
end;
$$;
comment on function private.complete is
'Acknowledges a message and ends its job: as succeeded, in the transaction that saved the results;
as failed, with a code and a sentence for the user; or as cancelled. Null: the lease was lost.';
grant execute on function private.complete to worker;

create function private.lock_message(msg_id bigint, read_ct integer default null)
returns private.live_jobs
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid;
begin
    select (m.message ->> 'job_id')::uuid into v_job_id from pgmq.q_jobs as m
    where m.msg_id = lock_message.msg_id
        and m.read_ct = coalesce(lock_message.read_ct, m.read_ct)
    for update;
    -- A statement of its own: only so does it see what was committed while we waited.
    return (select l from private.live_jobs as l where l.job_id = v_job_id);
end;
$$;
comment on function private.lock_message is
'Locks a message against claims and outcomes and returns its live job. All null: the lease was lost
or, without read_ct, the job has ended.';

create function private.snooze(
    msg_id bigint, read_ct integer, delay_seconds double precision, stage text,
    status text default 'waiting'
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := private.lock_message(snooze.msg_id, snooze.read_ct);
    v_is_due boolean := v_live.is_woken and snooze.status = 'waiting';
    v_delay_seconds double precision := case when v_is_due then 0 else delay_seconds end;
    v_now timestamptz := clock_timestamp();
    v_queue text;
begin
    if v_live.is_cancelled then
        perform private.complete(msg_id, read_ct, 'cancelled');
        return 'cancelled';
    end if;
    update public.jobs as j set status = snooze.status, stage = snooze.stage
    where j.id = v_live.job_id;
    -- The lease was lost, or the product was deleted meanwhile: a claim removes the message.
    if not found then
        return null;
    end if;
    update private.live_jobs as l set is_woken = false where l.job_id = v_live.job_id and v_is_due;
    -- The token ends here: a late heartbeat or a repeated call must not touch what was given back.
    update pgmq.q_jobs as m set
        vt = v_now + make_interval(secs => v_delay_seconds),
        enqueued_at = v_now,
        read_ct = m.read_ct + 1
    where m.msg_id = snooze.msg_id
    returning m.headers ->> 'queue' into v_queue;
    perform private.call_workers(v_queue, array[v_live.tenant]) where v_delay_seconds <= 0;
    return snooze.status;
end;
$$;
comment on function private.snooze is
'Gives a job back, due after the delay. It counts no attempt. Status waiting is a snooze:
private.wake ends it early. Status queued is a release, or a retry whose failure private.retry has
counted. A job that its user cancelled ends. Returns the job''s status; null: the lease was lost.';
grant execute on function private.snooze to worker;

create function private.retry(
    msg_id bigint, read_ct integer, error_code text, error_message text,
    after_seconds double precision default null
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := private.lock_message(retry.msg_id, retry.read_ct);
    v_is_last boolean;
    v_delay_seconds double precision;
begin
    -- Exponential backoff with ±25 % jitter, capped at an hour, never earlier than the other side
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
        perform private.complete(msg_id, read_ct, 'failed', error_code, error_message);
        return 'failed';
    end if;
    -- The failure is counted: what is left is to give the job back.
    return private.snooze(msg_id, read_ct, v_delay_seconds, 'retrying', 'queued');
end;
$$;
comment on function private.retry is
'Counts a failed attempt and queues the job again after a backoff, or after `after_seconds` if that
is longer. The last failure allowed ends the job. Returns queued, failed or cancelled; null: the
lease was lost.';
grant execute on function private.retry to worker;

create function private.wake(job_id uuid)
returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- Without the message's lock this could end the lease of a worker that claims right now.
    v_live private.live_jobs := (
        select private.lock_message(l.msg_id) from private.live_jobs as l
        where l.job_id = wake.job_id
    );
    v_status text := (select j.status from public.jobs as j where j.id = v_live.job_id);
    v_now timestamptz := clock_timestamp();
    v_queue text;
begin
    -- While its account moves to another cell, a job wakes after the arrival.
    update pgmq.q_jobs as m
    set headers = m.headers || jsonb_build_object('fenced_vt', v_now)
    where m.msg_id = v_live.msg_id and v_status = 'waiting' and m.headers ? 'fenced_vt';
    update pgmq.q_jobs as m set vt = v_now, enqueued_at = v_now
    where m.msg_id = v_live.msg_id and v_status = 'waiting' and not m.headers ? 'fenced_vt'
    returning m.headers ->> 'queue' into v_queue;
    if found then
        perform private.call_workers(v_queue, array[v_live.tenant]);
        return true;
    end if;
    -- The event was faster than the job that is about to wait for it.
    update private.live_jobs as l set is_woken = true
    where l.job_id = v_live.job_id and v_status = 'running';
    return false;
end;
$$;
comment on function private.wake is
'Makes a snoozed job due now: true. A job that still runs will not wait at its next snooze: false.
False also if there is nothing to wake.';

create function private.extend(msg_ids bigint[], read_cts integer[], lease_seconds integer)
returns table (msg_id bigint, read_ct integer, is_cancelled boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update pgmq.q_jobs as m
    set vt = clock_timestamp() + make_interval(secs => extend.lease_seconds)
    from unnest(extend.msg_ids, extend.read_cts) as t (msg_id, read_ct), private.live_jobs as l
    where m.msg_id = t.msg_id and m.read_ct = t.read_ct
        and l.job_id = (m.message ->> 'job_id')::uuid
    returning m.msg_id, m.read_ct, l.is_cancelled
$$;
comment on function private.extend is
'Heartbeat of a worker: renews its leases in one statement. A token that it does not return was
lost. is_cancelled: stop the job.';
grant execute on function private.extend to worker;

create function private.progress(msg_id bigint, read_ct integer, stage text, progress integer)
returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update public.jobs as j set stage = progress.stage, progress = progress.progress
    from private.lock_message(progress.msg_id, progress.read_ct) as l
    where j.id = l.job_id
    returning true
$$;
comment on function private.progress is
'Shows the owner what the job does now, and how far it is in percent. Null: the lease was lost.';
grant execute on function private.progress to worker;

create function private.save_step(msg_id bigint, read_ct integer, name text, result jsonb)
returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update private.live_jobs as l
    set steps = coalesce(l.steps, '{}') || jsonb_build_object(name, result)
    from private.lock_message(save_step.msg_id, save_step.read_ct) as m
    where l.job_id = m.job_id
    returning true
$$;
comment on function private.save_step is
'Remembers a result that must not be paid for twice. The claim of the next attempt hands it out.
Derived data only. Null: the lease was lost.';
grant execute on function private.save_step to worker;

create function private.cancel_own_job(job_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs;
begin
    perform private.require_role('editor');
    -- The message's lock decides between this and a claim, and this and the job's end.
    v_live := (
        select private.lock_message(l.msg_id) from private.live_jobs as l
        where l.job_id = cancel_own_job.job_id and l.tenant = auth.uid()::text
    );
    update private.live_jobs as l set is_cancelled = true from public.jobs as j
    where l.job_id = v_live.job_id and l.job_id = j.id and j.status = 'running';
    if found then
        perform pg_notify('job_cancelled', v_live.job_id::text);
    else
        perform private.complete(m.msg_id, m.read_ct, 'cancelled')
        from pgmq.q_jobs as m where m.msg_id = v_live.msg_id;
    end if;
end;
$$;
comment on function private.cancel_own_job is
'Cancels the caller''s job: at once if it waits, through its worker if it runs. A finished job stays
as it is. Definer: it deletes from the queue. Identity comes from the token. Errors: 403
role_not_allowed.';
grant execute on function private.cancel_own_job to authenticated;

create function public.cancel_job(job_id uuid)
returns public.jobs
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
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
Errors: 403 role_not_allowed, 404 not_found.';
grant execute on function public.cancel_job to authenticated;

create function private.redrive(job_id uuid)
returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_job public.jobs;
    v_dead private.dead_letters;
begin
    -- The job before its letter, as pruning locks them.
    select j.* into v_job from public.jobs as j where j.id = redrive.job_id for update;
    select d.* into v_dead from private.dead_letters as d
    where d.job_id = redrive.job_id for update;
    -- Its user may have started the same work again since.
    if not found or private.enqueue(
        v_dead.kind, v_job.user_id, v_job.product_id, v_dead.key, v_dead.arguments, v_dead.steps,
        v_dead.job_id
    ) <> v_dead.job_id then
        return false;
    end if;
    update public.jobs as j set
        status = 'queued', stage = 'queued', failures = 0, crashes = 0, finished_at = null
    where j.id = redrive.job_id;
    update private.live_jobs as l set is_redriven = true where l.job_id = redrive.job_id;
    delete from private.dead_letters as d where d.job_id = redrive.job_id;
    delete from pgmq.a_jobs as m where m.message ->> 'job_id' = redrive.job_id::text;
    return true;
end;
$$;
comment on function private.redrive is
'Brings a failed job back with its steps and counts its attempts anew. Its message leaves pgmq''s
archive, if it was there. False: the job is not in the dead letters, or its user has started the
same work again meanwhile. For operators.';

create function private.queue_metrics()
returns table (
    queue text,
    is_paused boolean,
    due bigint,
    not_due bigint,
    oldest_due_seconds double precision,
    dead_letters bigint
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    return query
    select q.queue, q.is_paused, d.due, n.not_due, d.oldest_due_seconds, f.dead_letters
    from private.queues as q
    cross join lateral (
        select
            least(count(*), 1000) as due,
            extract(epoch from statement_timestamp() - min(m.vt))::double precision
            as oldest_due_seconds
        from (
            (
                select r.vt from pgmq.q_jobs as r
                where r.headers ->> 'queue' = q.queue and r.vt <= r.enqueued_at
                    and r.vt <= statement_timestamp()
                order by r.vt limit 1000
            )
            union all
            (
                select s.vt from pgmq.q_jobs as s
                where s.headers ->> 'queue' = q.queue and s.vt > s.enqueued_at
                    and s.vt <= statement_timestamp()
                order by s.vt limit 1000
            )
        ) as m
    ) as d
    cross join lateral (
        select count(*) as not_due from (
            select from pgmq.q_jobs as s
            where s.headers ->> 'queue' = q.queue and s.vt > s.enqueued_at
                and s.vt > statement_timestamp()
            order by s.vt limit 1000
        ) as m
    ) as n
    cross join lateral (
        select count(*) as dead_letters from private.dead_letters as d
        inner join private.job_kinds as k on d.kind = k.kind where k.queue = q.queue
    ) as f
    order by q.queue;
end;
$$;
comment on function private.queue_metrics is
'The state of each queue. due: messages whose time has come. not_due: delayed, snoozed or leased
ones. Both count up to 1,000, which takes milliseconds at a million rows. oldest_due_seconds: how
long the oldest due message has waited; null without one. dead_letters: failed jobs that
private.redrive could bring back. Definer: what scales workers logs in as one, and reads no table.';
grant execute on function private.queue_metrics to worker;
