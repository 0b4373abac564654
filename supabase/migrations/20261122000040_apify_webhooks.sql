-- Apify's webhook: Apify says that a run has ended, and the job that waits for it goes on at once
-- instead of at its next look.

create table private.apify_webhooks (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references public.jobs on delete cascade,
    secret_hash bytea not null check (length(secret_hash) = 32),
    created_at timestamptz not null default now()
);
comment on table private.apify_webhooks is
'One for each run that a job starts at Apify. It stays until the job is pruned, so that a late or
repeated call is told that all is well.';
comment on column private.apify_webhooks.id is 'Names it in the address that Apify calls.';
comment on column private.apify_webhooks.secret_hash is
'SHA-256 of what only Apify was told.';
create index apify_webhooks_job_id_idx on private.apify_webhooks (job_id);
alter table private.apify_webhooks enable row level security;

create function private.expect_apify_run(
    queue text, msg_id bigint, read_ct integer, secret_hash bytea
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid := (
        private.hold(expect_apify_run.queue, expect_apify_run.msg_id, expect_apify_run.read_ct)
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
'Prepares the webhook of a run that a job is about to start: its id; null if the lease was lost.
Definer: workers have no table rights; the job comes from the lease.';
grant execute on function private.expect_apify_run to worker;

create function private.apify_secret_hash(id uuid)
returns bytea
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(
        (select w.secret_hash from private.apify_webhooks as w where w.id = apify_secret_hash.id),
        -- Equal to no hash of a secret: an unknown id takes the same way as a wrong secret.
        decode(repeat('00', 32), 'hex')
    );
end;
comment on function private.apify_secret_hash is
'What the secret of a webhook must hash to, always 32 bytes.
Definer: the edge has no table rights. A hash does not give the secret away.';
grant execute on function private.apify_secret_hash to webhook;

create function private.wake_for_apify(id uuid)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(bool_or(private.wake(w.job_id)), false)
    from private.apify_webhooks as w where w.id = wake_for_apify.id
$$;
comment on function private.wake_for_apify is
'Lets the job that waits for a run look at it now; false where it does not wait. Repeating it is
harmless. Definer: it knows the job, the edge only the webhook.';
grant execute on function private.wake_for_apify to webhook;
