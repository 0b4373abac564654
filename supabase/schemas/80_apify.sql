-- Apify: paid runs, their budgets, and the webhook of each run. When a run ends, Apify calls the
-- webhook, which wakes the snoozed job at once.

create table private.spending (
    user_id uuid not null references public.accounts on delete cascade,
    day date not null,
    usd numeric(10, 2) not null check (usd >= 0),
    primary key (user_id, day)
) with (fillfactor = 70);
comment on table private.spending is
'The most that the runs of an account may have cost on a day (UTC): each run counts as its cap.';
alter table private.spending enable row level security;

create table private.spending_limits (
    plan text primary key references public.plans on delete cascade,
    usd_per_day numeric(8, 2) not null check (usd_per_day >= 0)
);
comment on table private.spending_limits is
'The daily budget (UTC) of an account for paid runs, by its plan.';
alter table private.spending_limits enable row level security;

create table private.source_runs (
    job_id uuid not null,
    name text not null check (length(name) between 1 and 100),
    usd numeric(8, 2) not null check (usd > 0),
    run_id text check (length(run_id) between 1 and 100),
    started_at timestamptz not null default now(),
    primary key (job_id, name)
);
comment on table private.source_runs is
'Paid runs at Apify that may still hold data there. A row goes once Apify has deleted its run.';
comment on column private.source_runs.job_id is
'The job that paid. No foreign key: the run outlives the job.';
comment on column private.source_runs.run_id is
'Apify''s id; null until the start is answered, or if its answer was lost.';
create index source_runs_run_id_idx on private.source_runs (run_id);
create index source_runs_started_at_idx on private.source_runs (started_at);
alter table private.source_runs enable row level security;

create function private.reserve_run(msg_id bigint, read_ct integer, name text, usd numeric)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := private.lock_message(reserve_run.msg_id, reserve_run.read_ct);
    v_user_id uuid := nullif(v_live.tenant, 'system')::uuid;
    v_day date := (now() at time zone 'UTC')::date;
    v_usd numeric;
begin
    if v_live.job_id is null
        or v_user_id is not null and not private.lock_living_account(v_user_id) then
        return null;
    end if;
    insert into private.source_runs (job_id, name, usd)
    values (v_live.job_id, reserve_run.name, reserve_run.usd)
    on conflict on constraint source_runs_pkey do nothing;
    if not found or v_user_id is null then
        return true;
    end if;
    -- Locks the row until the transaction ends, so parallel runs of an account wait for each other.
    insert into private.spending as s (user_id, day, usd)
    values (v_user_id, v_day, reserve_run.usd)
    on conflict on constraint spending_pkey do update set usd = s.usd + excluded.usd
    returning s.usd into v_usd;
    if v_usd <= (
        select l.usd_per_day from private.spending_limits as l
        where l.plan = private.plan_of(v_user_id)
    ) then
        return true;
    end if;
    update private.spending as s set usd = s.usd - reserve_run.usd
    where s.user_id = v_user_id and s.day = v_day;
    delete from private.source_runs as r
    where r.job_id = v_live.job_id and r.name = reserve_run.name;
    return false;
end;
$$;
comment on function private.reserve_run is
'Counts a run that a job is about to start, at its cap; the same name again counts once. False:
the account''s daily budget is too small (a plan without a row has none). Null: the lease is lost,
or the account is erased. Definer, as all of the protocol.';
grant execute on function private.reserve_run to worker;

create function private.release_run(msg_id bigint, read_ct integer, name text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_live private.live_jobs := private.lock_message(release_run.msg_id, release_run.read_ct);
    v_run private.source_runs;
begin
    if v_live.job_id is null then
        return null;
    end if;
    delete from private.source_runs as r
    where r.job_id = v_live.job_id and r.name = release_run.name and r.run_id is null
    returning r.* into v_run;
    update private.spending as s set usd = greatest(0, s.usd - v_run.usd)
    where s.user_id::text = v_live.tenant
        and s.day = (v_run.started_at at time zone 'UTC')::date;
    return true;
end;
$$;
comment on function private.release_run is
'Takes back what private.reserve_run counted, because the source refused the start. Null: the
lease is lost. Definer, as all of the protocol.';
grant execute on function private.release_run to worker;

create function private.record_run(
    msg_id bigint, read_ct integer, name text, usd numeric, run_id text
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid := (private.lock_message(record_run.msg_id, record_run.read_ct)).job_id;
begin
    if v_job_id is null then
        return null;
    end if;
    -- A run that seemed refused, or that a redriven job continues, has no row yet.
    insert into private.source_runs (job_id, name, usd, run_id)
    values (v_job_id, record_run.name, record_run.usd, record_run.run_id)
    on conflict on constraint source_runs_pkey do update set run_id = excluded.run_id;
    return true;
end;
$$;
comment on function private.record_run is
'Stores the id of a started run. Null: the lease is lost. Definer, as all of the protocol.';
grant execute on function private.record_run to worker;

create function private.runs_to_delete(quantity integer default 100)
returns setof text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    -- Apify deletes unnamed storage after a week.
    delete from private.source_runs as r
    where r.started_at < now() - interval '8 days'
        and not exists (select from private.live_jobs as l where l.job_id = r.job_id);
    delete from private.spending as s where s.day < now() - interval '35 days';
    select r.run_id from private.source_runs as r
    where r.run_id is not null
        and not exists (select from private.live_jobs as l where l.job_id = r.job_id)
    order by r.started_at limit runs_to_delete.quantity;
$$;
comment on function private.runs_to_delete is
'Ids of the oldest runs at Apify whose jobs have ended. Deletes rows of runs after 8 days and of
spending after 35 days. Definer: workers have no table rights.';
grant execute on function private.runs_to_delete to worker;

create function private.forget_run(run_id text)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    delete from private.source_runs as r where r.run_id = forget_run.run_id
$$;
comment on function private.forget_run is
'Deletes the row of a run that Apify has deleted. Definer: workers have no table rights.';
grant execute on function private.forget_run to worker;

create table private.apify_webhooks (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references public.jobs on delete cascade,
    secret_hash bytea not null check (length(secret_hash) = 32),
    created_at timestamptz not null default now()
);
comment on table private.apify_webhooks is
'One webhook for each run that a job starts at Apify. It stays until the job is pruned, so that
late and repeated calls are answered with success.';
comment on column private.apify_webhooks.id is 'Part of the URL that Apify calls.';
comment on column private.apify_webhooks.secret_hash is
'SHA-256 of the secret that only Apify has.';
create index apify_webhooks_job_id_idx on private.apify_webhooks (job_id);
alter table private.apify_webhooks enable row level security;

create function private.expect_apify_run(msg_id bigint, read_ct integer, secret_hash bytea)
returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid := (
        private.lock_message(expect_apify_run.msg_id, expect_apify_run.read_ct)
    ).job_id;
    v_id uuid;
begin
    if v_job_id is not null then
        insert into private.apify_webhooks (job_id, secret_hash)
        values (v_job_id, expect_apify_run.secret_hash)
        returning id into v_id;
    end if;
    return v_id;
end;
$$;
comment on function private.expect_apify_run is
'Adds the webhook of a run that a job is about to start and returns its id. Null: the lease is
lost. Definer: workers have no table rights; the job comes from the lease.';
grant execute on function private.expect_apify_run to worker;

create function private.apify_secret_hash(id uuid)
returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(
        (select w.secret_hash from private.apify_webhooks as w where w.id = apify_secret_hash.id),
        -- No secret hashes to this, so an unknown id fails like a wrong secret.
        decode(repeat('00', 32), 'hex')
    );
end;
comment on function private.apify_secret_hash is
'The SHA-256 that the secret of a webhook must have, always 32 bytes. Definer: the edge has no
table rights. A hash does not reveal the secret.';
grant execute on function private.apify_secret_hash to webhook;

create function private.wake_for_apify(id uuid)
returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select coalesce(bool_or(private.wake(w.job_id)), false)
    from private.apify_webhooks as w where w.id = wake_for_apify.id
$$;
comment on function private.wake_for_apify is
'Wakes the job that waits for a run. False: nothing was made due now. There is no such webhook or
waiting job, the job still runs and will not wait, or its account moves and it wakes on arrival.
Idempotent. Definer: only the database maps the webhook to the job.';
grant execute on function private.wake_for_apify to webhook;
